"""The built-in readers pass the kit that everybody's must pass."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import polars as pl
import pytest

from tickloom import ReaderSpec, SourceOptions
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


class TestCsv(ReaderTests):
    @pytest.fixture
    def reader(self) -> ReaderSpec:
        return get_host().readers.get("csv")

    @pytest.fixture
    def options(self, tmp_path: Path) -> SourceOptions:
        mapping = tmp_path / "mapping.toml"
        mapping.write_text(
            'symbol = "{contract}"\nsame_names = true\nclock = { columns = ["timestamp"], '
            "zone = 'UTC' }\nextract = { file = '(?P<contract>[^/]+)\\.csv' }\n"
        )
        return SourceOptions(mapping=mapping)

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        folder = tmp_path / "vendor"
        folder.mkdir()
        lines = "2025-01-02 03:45:00,{}.5,25,100\n2025-01-02 03:45:00,{}.25,50,\n"
        lines = "timestamp,price,volume,oi\n" + lines + "2025-01-02 03:45:02,,50,75\n"
        (folder / "banknifty25jan50000ce.csv").write_text(lines.format(10, 10))
        (folder / "m&m25jan2900.5pe.csv").write_text(lines.format(11, 11))
        return folder

    @pytest.fixture
    def expected(self) -> dict[str, pl.DataFrame]:
        other = ROWS.with_columns(price=pl.Series([11.5, 11.25, None]))
        return {"banknifty25jan50000ce": ROWS, "m&m25jan2900.5pe": other}


class TestNseSql(ReaderTests):
    @pytest.fixture
    def reader(self) -> ReaderSpec:
        return get_host().readers.get("nse-sql")

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        folder = tmp_path / "vendor"
        folder.mkdir()
        dump = ""
        for table, price in (("banknifty25jan50000ce", 10), ("m&m25jan2900.5pe", 11)):
            dump += (
                f"CREATE TABLE `{table}` (`timestamp` datetime, `price` double, `volume` int, "
                f"`oi` int);\nINSERT INTO `{table}` VALUES ('{OPENING}',{price}.5,25,100),"
                f"('{OPENING}',{price}.25,50,NULL);\n"
                f"INSERT INTO `{table}` VALUES ('2025-01-02 09:15:02',NULL,50,75);\n"
            )
        (folder / "ticks.sql").write_text(dump)
        return folder

    @pytest.fixture
    def expected(self) -> dict[str, pl.DataFrame]:
        other = ROWS.with_columns(price=pl.Series([11.5, 11.25, None]))
        return {"banknifty25jan50000ce": ROWS, "m&m25jan2900.5pe": other}


class TestLean(ReaderTests):
    @pytest.fixture
    def reader(self) -> ReaderSpec:
        return get_host().readers.get("lean")

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        folder = tmp_path / "minute" / "goog"
        folder.mkdir(parents=True)
        with zipfile.ZipFile(folder / "20151224_quote_american.zip", "w") as archive:
            for right in ("call", "put"):
                archive.writestr(
                    f"20151224_goog_minute_quote_american_{right}_7500000_20160115.csv",
                    "34200000,1,1,1,20500,3,1,1,1,21500,7\n34260000,1,1,1,20400,2,,,,,0\n"
                    "34320000,1,1,1,20300,1,1,1,1,21300,1\n",
                )
        return tmp_path / "minute"

    @pytest.fixture
    def expected(self) -> dict[str, pl.DataFrame]:
        opening = dt.datetime(2015, 12, 24, 9, 31)
        rows = pl.DataFrame(
            {
                "timestamp": [opening + dt.timedelta(minutes=i) for i in range(3)],
                "bp0": [2.05, 2.04, 2.03],
                "bq0": [3, 2, 1],
                "sp0": [2.15, None, 2.13],
                "sq0": [7, 0, 1],
            }
        )
        return {"GOOG  160115C00750000": rows, "GOOG  160115P00750000": rows}
