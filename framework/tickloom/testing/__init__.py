"""Conformance kits for plugin authors: generic pytest classes, a subclass needs fixtures only.

Needs pytest: ``pip install tickloom[testing]``.
"""

from __future__ import annotations

import pytest

for _kit in ("executors", "readers", "transforms", "writers"):
    pytest.register_assert_rewrite(f"{__name__}.{_kit}")

from tickloom.testing.executors import ExecutorTests  # noqa: E402
from tickloom.testing.readers import ReaderTests  # noqa: E402
from tickloom.testing.transforms import TransformTests  # noqa: E402
from tickloom.testing.writers import WriterTests  # noqa: E402

__all__ = ["ExecutorTests", "ReaderTests", "TransformTests", "WriterTests"]
