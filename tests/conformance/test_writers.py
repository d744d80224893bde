"""The built-in writer passes the kit that everybody's must pass."""

from __future__ import annotations

import pytest

from tickloom import WriterSpec
from tickloom.host import get_host
from tickloom.testing import WriterTests


class TestParquet(WriterTests):
    @pytest.fixture
    def writer(self) -> WriterSpec:
        return get_host().writers.get("parquet")
