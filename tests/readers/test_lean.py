"""Reader ``lean``: real zips equal a plain reading of them; damage is reported."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from tests.oracles.lean import Key, read_day

from tickloom import RawBatch, ReadError, Rejected, SourceOptions
from tickloom_plugins.readers.lean import LEAN

DAY = "20151224"


def read(folder: Path, **options: int) -> tuple[list[RawBatch], list[Rejected]]:
    settings = SourceOptions(**options)
    batches: list[RawBatch] = []
    rejected: list[Rejected] = []
    for unit in LEAN.discover(folder, settings):
        for piece in LEAN.read(unit, settings):
            if isinstance(piece, RawBatch):
                batches.append(piece)
            else:
                rejected.append(piece)
    return batches, rejected


def key_of(symbol: str) -> Key:
    return symbol[:-15].rstrip(), symbol[-15:-9], symbol[-9], int(symbol[-8:]) * 10


def rows_by_contract(batches: list[RawBatch]) -> dict[Key, list[dict[str, Any]]]:
    rows: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for batch in batches:
        rows[key_of(batch.symbol)] += batch.frame.to_dicts()
    return dict(rows)


def write_zip(folder: Path, kind: str, members: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{DAY}_{kind}_american.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for contract, text in members.items():
            archive.writestr(f"{DAY}_goog_minute_{kind}_american_{contract}.csv", text)
    return path


QUOTE = "34200000,20000,21000,20000,20500,3,21500,21600,21400,21500,7\n"


@pytest.mark.parametrize(("folder", "date"), [("goog", "20151224"), ("aapl", "20140606")])
def test_real_folder_equals_a_plain_reading(shared: Path, folder: str, date: str) -> None:
    source = shared / "data/lean/usa/minute" / folder
    batches, rejected = read(source)
    assert rejected == []
    expected = read_day(source, date)
    got = rows_by_contract(batches)
    assert got.keys() == expected.keys()
    for key, rows in expected.items():
        assert got[key] == rows, key
    keys = [key_of(batch.symbol) for batch in batches]
    assert keys == sorted(keys)


def test_only_option_zips_are_claimed(shared: Path) -> None:
    units = list(LEAN.discover(shared / "data/lean", SourceOptions()))
    assert [unit.name for unit in units] == ["aapl 20140606 american", "goog 20151224 american"]
    assert [len(unit.paths) for unit in units] == [2, 3]


def test_row_is_stamped_with_the_end_of_its_bar(tmp_path: Path) -> None:
    contract = "call_7500000_20160115"
    write_zip(tmp_path, "quote", {contract: QUOTE + "34320000,,,,,0,21400,21400,21300,21300,9\n"})
    write_zip(
        tmp_path, "trade", {contract: "34260000,20700,20900,20700,20800,4\n34320000,1,1,1,1,2"}
    )
    write_zip(tmp_path, "openinterest", {contract: "23460000,55\n34320001,56"})
    [batch], rejected = read(tmp_path)
    assert rejected == []
    assert batch.symbol == "GOOG  160115C00750000"
    first, second, third = batch.frame.to_dicts()
    assert first == {
        "timestamp": dt.datetime(2015, 12, 24, 9, 31),
        "price": None,
        "volume": 0,
        "bp0": 2.05,
        "bq0": 3,
        "sp0": 2.15,
        "sq0": 7,
        "oi": 55,
    }
    # A minute without a quote has none; the trade is known at its end.
    assert (second["timestamp"].minute, second["bp0"], second["price"]) == (32, None, 2.08)
    assert (third["bp0"], third["bq0"], third["sp0"]) == (None, 0, 2.13)
    assert (third["volume"], third["oi"]) == (6, 56)


def test_kinds_that_are_not_there_are_null(tmp_path: Path) -> None:
    write_zip(tmp_path, "quote", {"put_7501250_20160115": QUOTE})
    [batch], _ = read(tmp_path)
    assert batch.symbol == "GOOG  160115P00750125"
    [row] = batch.frame.to_dicts()
    assert (row["price"], row["volume"], row["oi"]) == (None, None, None)


def test_batches_are_bounded(tmp_path: Path) -> None:
    lines = "".join(QUOTE.replace("34200000", str(34200000 + 60000 * i)) for i in range(10))
    write_zip(tmp_path, "quote", {"call_7500000_20160115": lines})
    batches, _ = read(tmp_path, batch_rows=4)
    assert [len(batch.frame) for batch in batches] == [4, 4, 2]


@pytest.mark.parametrize(
    "line",
    [
        "34260000,1,1,1,1,1,1,1,1,1",
        "34260000,1,1,1,1,1,1,1,1,1,1,1",
        "34260000,1,1,1,x,1,1,1,1,1,1",
        "34200000,1,1,1,1,1,1,1,1,1,1",
        "86400000,1,1,1,1,1,1,1,1,1,1",
        "9:31,1,1,1,1,1,1,1,1,1,1",
        "",
    ],
)
def test_bad_lines_are_rejected_with_their_text(tmp_path: Path, line: str) -> None:
    good = QUOTE.replace("34200000", "34320000")
    write_zip(tmp_path, "quote", {"call_7500000_20160115": f"{QUOTE}{line}\n{good}"})
    [batch], [bad] = read(tmp_path)
    assert len(batch.frame) == 2
    assert bad.rows == 1
    assert bad.frame is not None
    assert bad.frame["line"].to_list() == [line]
    assert "expected 11 whole numbers a line" in bad.reason


@pytest.mark.parametrize(
    ("contract", "reason"),
    [
        ("call_7500000", "expected a name like"),
        ("call_7500001_20160115", "expected a strike below 100,000 with 3 decimals"),
    ],
)
def test_contract_that_cannot_be_named_is_rejected(
    tmp_path: Path, contract: str, reason: str
) -> None:
    write_zip(tmp_path, "quote", {contract: QUOTE, "call_7500000_20160115": QUOTE})
    batches, [bad] = read(tmp_path)
    assert len(batches) == 1
    assert contract in bad.reason
    assert reason in bad.reason


def test_other_resolutions_are_rejected(tmp_path: Path) -> None:
    path = write_zip(tmp_path, "quote", {})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{DAY}_goog_second_quote_american_call_7500000_20160115.csv", QUOTE)
    batches, [bad] = read(tmp_path)
    assert batches == []
    assert "expected the resolution minute in its name; found second" in bad.reason


def test_member_over_the_budget_is_refused_unread(tmp_path: Path) -> None:
    write_zip(tmp_path, "quote", {"call_7500000_20160115": QUOTE * 100})
    batches, [bad] = read(tmp_path, batch_bytes=8 * 100 * len(QUOTE) - 1)
    assert batches == []
    assert "Allow more by --memory" in bad.reason


def test_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path, "quote", {"call_7500000_20160115": QUOTE})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReadError, match="expected readable zips; found damage"):
        read(tmp_path)


def test_damaged_member_costs_only_itself(tmp_path: Path) -> None:
    path = write_zip(tmp_path, "quote", {"call_7500000_20160115": QUOTE, "put_1_20160115": ""})
    write_zip(tmp_path, "quote", {"call_7500000_20160115": QUOTE, "put_7500000_20160115": QUOTE})
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"34200000", b"34200001", 1))
    [batch], [bad] = read(tmp_path)
    assert batch.symbol == "GOOG  160115P00750000"
    assert "expected readable CSV; found damage: Bad CRC-32" in bad.reason


def test_byte_order_marks_and_bad_bytes_cost_no_member(tmp_path: Path) -> None:
    path = write_zip(tmp_path, "quote", {"call_7500000_20160115": "\ufeff" + QUOTE})
    batches, rejected = read(tmp_path)
    assert (len(batches), rejected) == (1, [])
    name = zipfile.ZipFile(path).namelist()[0]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, QUOTE.encode() + b"3420\xe9,1\n")
    batches, [bad] = read(tmp_path)
    assert len(batches) == 1
    assert r"found '3420\\xe9,1'" in bad.reason
