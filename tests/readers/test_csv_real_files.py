"""The mappings in ``examples/mappings`` read real vendors' files, dirt included."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from tests.readers.reading import Reading, read_all

from tickloom_plugins.readers.csv_mapped import CSV

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def read(shared: Path, project: Path) -> Any:
    def run(name: str, folder: str, **options: Any) -> Reading:
        mapping = project / "examples/mappings" / f"{name}.toml"
        return read_all(CSV, shared / "data" / folder, mapping=mapping, **options)

    return run


def stamp(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def lines_of(path: Path) -> list[list[str]]:
    with path.open(newline="") as stream:
        return list(csv.reader(stream))


def test_kite_ticks_are_named_by_a_table_of_tokens(read: Any, shared: Path) -> None:
    folder = shared / "data/kite-ltp-ticks"
    symbols = {
        line[1]: line[0] for path in folder.glob("data/*.csv") for line in lines_of(path)[1:]
    }
    expected: Rows = defaultdict(list)
    for path in sorted(folder.glob("market_data/ticks/*.csv")):
        for at, token, price in lines_of(path)[1:]:
            if symbols[token] != "NIFTY 50":
                row = {"timestamp": stamp(at), "price": float(price)}
                expected[symbols[token]].append(row)
    reading = read("kite-ltp-ticks", "kite-ltp-ticks", batch_rows=5_000)
    assert reading.rejected == []
    assert reading.rows == expected
    assert len(expected["NIFTY25O1425000CE"]) == 33_961


def test_breeze_book_comes_with_its_dirt(read: Any, shared: Path) -> None:
    expected: Rows = defaultdict(list)
    header, *lines = lines_of(shared / "data/breeze-5-level/all_ticks_FUTURES.csv")
    [cut_off] = [line for line in lines if len(line) != len(header)]
    for line in lines:
        if line == cut_off:
            continue
        row = dict(zip(header, line, strict=True))
        expected[row["Symbol"]].append(
            {
                "timestamp": stamp(row["exchange_timestamp"]),
                "price": float(row["last_price"]),
                "volume": int(row["volume_traded"]),
                "qty": int(row["last_traded_quantity"]),
                "oi": int(row["open_interest"]),
                "bp0": float(row["bid_price_1"]),
                "bq0": int(row["bid_qty_1"]),
                "sp0": float(row["bid_price_2"]),
                "sq0": int(row["bid_qty_2"]),
                "bQty": int(row["total_buy_qty"]),
                "sQty": int(row["total_sell_qty"]),
                "change_in_oi": int(row["change_in_oi"]),
            }
        )
    reading = read("breeze-5-level", "breeze-5-level")
    assert reading.rows == expected
    assert reading.lost_lines() == cut_off
    assert "expected 29 fields a line; found 1 in '5'" in reading.rejected[0].reason


def test_bhavcopy_names_contracts_by_its_columns(read: Any, shared: Path) -> None:
    path = shared / "data/breeze-5-level/nse_data/fo17112025/op17112025.csv.gz"
    with gzip.open(path, "rt") as stream:
        lines = [[cell.strip() for cell in line] for line in csv.reader(stream)]
    reading = read("nse-bhavcopy", "breeze-5-level")
    expected = {}
    for line in lines[1:-1]:
        row = dict(zip(lines[0], line, strict=True))
        day, month, year = row["EXP_DATE"].split("/")
        strike = float(row["STR_PRICE"])
        name = f"{row['INSTRUMENT']}{row['SYMBOL']}{day}-{month}-{year}{row['OPT_TYPE']}{strike:g}"
        expected[name] = [
            {
                "timestamp": dt.datetime(2025, 11, 17, 15, 30),
                "open": float(row["OPEN_PRICE"]),
                "high": float(row["HI_PRICE"]),
                "low": float(row["LO_PRICE"]),
                "price": float(row["CLOSE_PRICE"]),
                "oi": int(row["OPEN_INT*"]),
                "volume": int(row["TRD_QTY"]),
            }
        ]
    assert reading.rows == expected
    assert len(expected) > 10_000
    [footnote] = reading.lost_lines()
    assert footnote.startswith("* - OPEN_INT")


def test_optionvault_book_has_five_levels(read: Any, shared: Path) -> None:
    folder = shared / "data/optionvault/samples/market_depth/level2"
    header, *lines = lines_of(folder / "NIFTY_level2.csv")
    expected = []
    for line in lines:
        row = dict(zip(header, line, strict=True))
        wanted: dict[str, Any] = {
            "timestamp": stamp(row["timestamp"]),
            "price": float(row["ltp"]),
            "volume": int(row["volume"]),
        }
        for i in range(5):
            for side, long in (("b", "bid"), ("s", "ask")):
                wanted[f"{side}p{i}"] = float(row[f"{long}_price{i + 1}"])
                wanted[f"{side}q{i}"] = int(float(row[f"{long}_qty{i + 1}"]))
        expected.append(wanted)
    reading = read("optionvault-level2", "optionvault")
    assert reading.rows == {"NIFTY23JUN2214000CE": expected}
    assert len(expected) == 50


def test_optionvault_second_volume_is_the_ticks_own(read: Any, shared: Path) -> None:
    folder = shared / "data/optionvault/samples/market_depth/tick_data"
    _, *lines = lines_of(folder / "NIFTY_tick.csv")
    reading = read("optionvault-ticks", "optionvault")
    [(symbol, rows)] = reading.rows.items()
    assert symbol == "OPTIDXNIFTY04-08-2026CE26000"
    assert [(row["volume"], row["qty"], row["iv"]) for row in rows] == [
        (int(line[2]), int(line[3]), float(line[9])) for line in lines
    ]


def test_optionvault_minutes_ignore_the_masked_symbol(read: Any) -> None:
    reading = read("optionvault-options", "optionvault")
    assert sorted(reading.rows) == [
        "OPTIDXBANKNIFTY29-12-2026CE57000",
        "OPTIDXFINNIFTY28-07-2026CE28800",
        "OPTIDXNIFTY28-12-2027CE24000",
        "OPTIDXRELIANCE28-07-2026CE1320",
        "OPTIDXSENSEX06-08-2026CE69800",
    ]
    assert sum(len(rows) for rows in reading.rows.values()) == 250
