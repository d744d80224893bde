"""The reader keeps the host's rules, and its rows are Acme's."""

import datetime as dt
import gzip
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from acme_tickloom_csv.reader import HEADER, reader
from acme_tickloom_csv.symbols import exchange_symbol

from tickloom import ReaderSpec, Rejected, SourceOptions
from tickloom.testing import ReaderTests

CALL = "BANKNIFTY 30JAN25 50000 C"
PUT = "BANKNIFTY 29JAN25 49500.5 P"
FUTURE = "BANKNIFTY 30JAN25 FUT"

LINES = [
    HEADER,
    f"2025-01-02T03:45:00.250Z,{CALL},412.5,1250,90000,412,75,413,25",
    f"2025-01-02T03:45:00.250Z,{PUT},80,,,79.5,150,80.5,75",
    f"2025-01-02T03:45:01Z,{CALL},413,1300,90025,412.5,50,413.5,25",
    f"2025-01-02T09:59:59.999999Z,{PUT},81,75,500,,,81.5,75",
]


def deliver(folder: Path, lines: list[str]) -> Path:
    path = folder / "acme_20250102_BANKNIFTY.csv.gz"
    path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode(), mtime=0))
    return folder


class TestReader(ReaderTests):
    @pytest.fixture
    def reader(self) -> ReaderSpec:
        return reader

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        return deliver(tmp_path, LINES)

    @pytest.fixture
    def expected(self) -> Mapping[str, pl.DataFrame]:
        # India is five and a half hours ahead of UTC.
        call = {
            "timestamp": [
                dt.datetime(2025, 1, 2, 9, 15, 0, 250_000),
                dt.datetime(2025, 1, 2, 9, 15, 1),
            ],
            "price": [412.5, 413.0],
            "volume": [1250, 1300],
            "oi": [90000, 90025],
            "bp0": [412.0, 412.5],
            "sq0": [25, 25],
        }
        put = {
            "timestamp": [
                dt.datetime(2025, 1, 2, 9, 15, 0, 250_000),
                dt.datetime(2025, 1, 2, 15, 29, 59, 999_999),
            ],
            "price": [80.0, 81.0],
            "volume": [None, 75],
            "bq0": [150, None],
            "sp0": [80.5, 81.5],
        }
        return {
            "OPTIDXBANKNIFTY30-01-2025CE50000.00": pl.DataFrame(call),
            "OPTIDXBANKNIFTY29-01-2025PE49500.50": pl.DataFrame(put),
        }


def test_futures_are_reported(tmp_path: Path) -> None:
    source = deliver(tmp_path, [*LINES, f"2025-01-02T03:45:00Z,{FUTURE},50100,1,1,,,,"])
    options = SourceOptions()
    (unit,) = reader.discover(source, options)
    (rejected,) = [item for item in reader.read(unit, options) if isinstance(item, Rejected)]
    assert rejected.rows == 1
    assert "found 'BANKNIFTY 30JAN25 FUT'" in rejected.reason


@pytest.mark.parametrize(
    ("instrument", "symbol"),
    [
        ("M&M 27FEB25 2900.5 P", "OPTSTKM&M27-02-2025PE2900.50"),
        ("NIFTY 06FEB25 23000 C", "OPTIDXNIFTY06-02-2025CE23000.00"),
        ("NIFTY 06FEB25 23000 X", None),
        ("NIFTY 31FEB25 23000 C", None),
        ("NIFTY", None),
    ],
)
def test_symbols(instrument: str, symbol: str | None) -> None:
    assert exchange_symbol(instrument) == symbol
