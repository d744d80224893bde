"""Programs that some tests cannot do without."""

from __future__ import annotations

import shutil

import pytest

needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler called cc")
