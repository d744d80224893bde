"""The built-in readers pass the kit that everybody's must pass."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from tickloom import ReaderSpec
from tickloom.host import get_host
from tickloom.testing import ReaderTests

OPENING = dt.datetime(2025, 1, 2, 9, 15)
ROWS = pl.DataFrame(
    {
        "timestamp": [OPENING, OPENING, OPENING + dt.timedelta(seconds=2)],
        "price": [10.5, 10.25, None],
        "volume": [25, 50, 50],
        "oi": [100, None, 75],
    }
)


class TestNseParquet(ReaderTests):
    @pytest.fixture
    def reader(self) -> ReaderSpec:
        return get_host().readers.get("nse-parquet")

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        folder = tmp_path / "vendor" / "aug 1 to aug 13"
        folder.mkdir(parents=True)
        for i, symbol in enumerate(("banknifty25jan50000ce", "m&m25jan2900.5pe")):
            ROWS.with_columns(pl.col("price") + i).write_parquet(folder / f"{symbol}.parquet")
        return folder.parent

    @pytest.fixture
    def expected(self) -> dict[str, pl.DataFrame]:
        other = ROWS.with_columns(price=pl.Series([11.5, 11.25, None]))
        return {"banknifty25jan50000ce": ROWS, "m&m25jan2900.5pe": other}
