"""What the store does not take: whole files and single rows, each with its reason."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.packing.raw_files import DAY, raw_frame, stored, write_raw_file

from tickloom import open_store, pack
from tickloom.packing.report import PackReport

OTHER = "symbol names another contract than its batch: "
GOOD = [(0, 1.0, 10), (1, 1.5, 20), (2, 2.0, 30)]


def packed(raw: Path, store: Path, **options: Any) -> PackReport:
    report = pack(raw, store, executor="threads", workers=1, **options)
    assert report.rows_read == (
        report.rows_written + report.rows_duplicate + report.rows_quarantined
    )
    return report


def kept_rows(store: Path) -> pl.DataFrame:
    """All rows in quarantine, as the manifest finds them."""
    frames = []
    for source in open_store(store).manifest.sources.values():
        for file in {rejection.file for rejection in source.rejected if rejection.file}:
            frames.append(pl.read_parquet(store / "_tickloom" / file))
    return pl.concat(frames)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("timestamp", None, "timestamp is null"),
        ("timestamp", dt.datetime(1970, 1, 1, 5, 30), "timestamp is in 1970: a missing time"),
        ("timestamp", dt.datetime(2009, 12, 31, 10), "timestamp is outside 2010-2100"),
        ("timestamp", dt.datetime(2101, 1, 3, 10), "timestamp is outside 2010-2100"),
        ("timestamp", dt.datetime(2025, 8, 2, 10), "2025-08-02 is no trading day"),
        ("price", float("nan"), "price is not finite"),
        ("price", float("inf"), "price is not finite"),
        ("price", -0.05, "price is negative"),
        ("sp4", -1.0, "sp4 is negative"),
        ("bp0", float("-inf"), "bp0 is not finite"),
        ("volume", -(2**63), "volume is negative"),
        ("qty", -1, "qty is negative"),
        ("oiLow", -7, "oiLow is negative"),
        ("so3", -(2**40), "so3 is negative"),
        ("symbol", "BANKNIFTY25AUG54000PE", OTHER + "BANKNIFTY25AUG54000PE"),
        ("symbol", "banknifty25sep54000ce", OTHER + "banknifty25sep54000ce"),
        ("symbol", "NIFTY25AUG54000CE", OTHER + "NIFTY25AUG54000CE"),
        ("strike", 54001.0, "opt_type or strike is not that of the name: CE 54000"),
        ("opt_type", "PE", "opt_type or strike is not that of the name: CE 54000"),
        ("month", 9, "year or month is not that of the name: 2025-08"),
    ],
)
def test_bad_row_is_kept_with_its_reason_and_good_rows_go_on(
    tmp_path: Path, column: str, value: Any, reason: str
) -> None:
    values = raw_frame(GOOD)[column].to_list()
    values[1] = value
    path = write_raw_file(tmp_path / "raw", GOOD, {column: values})
    report = packed(tmp_path / "raw", tmp_path / "store")
    assert report.exit_code == 3
    assert [(q.path, q.reason, q.rows) for q in report.quarantined] == [(path, reason, 1)]
    assert stored(tmp_path / "store")["volume"].to_list() == [10, 30]
    kept = kept_rows(tmp_path / "store")
    assert kept["reason"].to_list() == [reason]
    assert kept["volume"].to_list() == [value if column == "volume" else 20]


def test_symbols_that_name_the_same_contract_or_none_are_kept(tmp_path: Path) -> None:
    """In another case, in another dialect, and the underlying alone."""
    names = ["banknifty25aug54000ce", "BANKNIFTY", "BANKNIFTY2582854000CE"]
    write_raw_file(tmp_path / "raw", GOOD, {"symbol": names})
    assert packed(tmp_path / "raw", tmp_path / "store").exit_code == 0
    assert stored(tmp_path / "store")["symbol"].to_list() == names


def test_null_and_zero_prices_are_kept_in_the_store(tmp_path: Path) -> None:
    write_raw_file(tmp_path / "raw", [(0, None, 1), (1, 0.0, 2), (2, -0.0, 3)])
    assert packed(tmp_path / "raw", tmp_path / "store").exit_code == 0
    prices = stored(tmp_path / "store")["price"]
    assert prices.to_list() == [None, 0.0, 0.0]
    assert not np.signbit(prices.to_numpy()[1:]).any()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("banknifty25aug54100ce.parquet", b"", "expected a readable Parquet file"),
        ("banknifty25aug54100ce.parquet", b"PAR1", "expected a readable Parquet file"),
        ("latest.parquet", None, "is not an option's name"),
        ("banknifty25xyz54100ce.parquet", None, "is not an option's name"),
    ],
)
def test_bad_file_is_listed_and_the_rest_goes_on(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    good = write_raw_file(tmp_path / "raw", GOOD)
    bad = good.with_name(name)
    bad.write_bytes(good.read_bytes() if content is None else content)
    report = packed(tmp_path / "raw", tmp_path / "store")
    assert [q.path for q in report.quarantined] == [bad]
    assert reason in report.quarantined[0].reason
    assert report.quarantined[0].rows == (3 if content is None else 0)
    assert stored(tmp_path / "store").height == 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("banknifty35aug54000ce", "the calendar has no monthly BANKNIFTY expiry of 2035-08"),
        ("banknifty2580654000ce", "states BANKNIFTY 2025-08-06: no such expiry is in the calendar"),
    ],
)
def test_file_whose_contract_the_calendar_does_not_know(
    tmp_path: Path, name: str, reason: str
) -> None:
    """Nothing of it is lost: with a calendar that knows the contract it is packed."""
    raw, store = tmp_path / "raw", tmp_path / "store"
    path = write_raw_file(raw, GOOD).with_name(f"{name}.parquet")
    named = {"symbol": name, "year": 2000 + int(name[9:11])}
    raw_frame(GOOD, named).write_parquet(path)
    report = packed(raw, store)
    assert report.exit_code == 3
    assert [(q.path, q.rows) for q in report.quarantined] == [(path, 3)]
    assert reason in report.quarantined[0].reason
    assert "--calendar FILE" in report.quarantined[0].reason
    assert (stored(store).height, report.rows_read, report.rows_written) == (3, 6, 3)
    calendar = tmp_path / "calendar.csv"
    calendar.write_text(
        "Instrument,Expiry_Type,Contract_Month,Scheduled_Expiry,Final_Expiry\n"
        "BANKNIFTY,Monthly,2035-08,2035-08-30,2035-08-30\n"
        "BANKNIFTY,Weekly,2025-08,2025-08-06,2025-08-06\n"
    )
    assert packed(raw, store, calendar=calendar).exit_code == 0
    assert stored(store).height == 6


def test_file_without_rows_is_empty_and_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    path = write_raw_file(tmp_path / "raw", GOOD).with_name("banknifty25aug54100ce.parquet")
    raw_frame(GOOD).head(0).write_parquet(path)
    pl.DataFrame().write_parquet(path.with_name("banknifty25aug54200ce.parquet"))
    report = packed(tmp_path / "raw", tmp_path / "store")
    assert (report.exit_code, report.quarantined, report.files_empty) == (0, [], 2)
    assert report.to_json()["files_empty"] == 2
    assert stored(tmp_path / "store").height == 3
    again = packed(tmp_path / "raw", tmp_path / "store")
    assert (again.sources_skipped, again.files_empty) == (3, 0)
    write_raw_file(tmp_path / "raw", GOOD, strike=54100)
    assert packed(tmp_path / "raw", tmp_path / "store").rows_written == 3


def test_empty_text_is_empty_and_other_instruments_are_ignored(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    head = "at,name,ltp,what\n"
    (raw / "a.csv").write_text(head)
    (raw / "b.csv").write_text("")
    (raw / "c.csv").write_text(head + "2025-08-01 10:00:00,NIFTY,1,index\n")
    (raw / "d.csv").write_text(head + "2025-08-01 10:00:00,nifty25aug25000ce,1,option\n")
    (raw / "e.sql").write_text("CREATE TABLE `nifty25aug25000ce` (`timestamp` datetime);\n")
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'symbol = "{name}"\n[clock]\ncolumns = ["at"]\nzone = "Asia/Kolkata"\n'
        '[columns]\nprice = "ltp"\n[keep]\nwhat = ["option"]\n'
    )
    report = packed(raw, tmp_path / "store", mapping=mapping)
    assert (report.exit_code, report.files_empty, report.parts_ignored) == (0, 3, 1)
    assert report.rows_written == 1


def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    good = write_raw_file(tmp_path / "raw", GOOD)
    bad = write_raw_file(tmp_path / "raw", GOOD, strike=54100)
    bad.chmod(0)
    if os.access(bad, os.R_OK):
        pytest.skip("this user reads every file")
    report = packed(tmp_path / "raw", tmp_path / "store")
    assert report.exit_code == 3
    (found,) = report.quarantined
    assert (found.path, found.rows) == (bad, 0)
    assert "Permission denied" in found.reason
    assert stored(tmp_path / "store").height == 3
    bad.chmod(0o644)
    report = packed(good.parent, tmp_path / "store")
    assert (report.exit_code, report.rows_written, report.sources_skipped) == (0, 3, 1)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"price": ["a", "b", "3"]}, "does not fit Float64: found 'a' and 1 more"),
        ({"volume": [2.0, 1e30, 3.0]}, "column 'volume' of type Float64 does not fit Int64: found"),
        ({"symbol": 5}, "column 'symbol' of type Int32 does not fit Categorical: found "),
        ({"qty": [1.5, 2.5, 3.0]}, "column 'qty' holds 1.5 and 1 more; expected whole numbers"),
        ({"qty": [1.0, float("inf"), 3.0]}, "column 'qty' holds inf; expected whole numbers"),
        ({"vol_delta": [1, 2, 3]}, "the store computes the columns vol_delta itself"),
        ({"opt_type": ["CE", "XX", "CE"]}, "column 'opt_type' holds 'XX'; expected CE or PE"),
        ({"opt_type": "CALL"}, "column 'opt_type' holds 'CALL'; expected CE or PE"),
        ({"opt_type": 1}, "column 'opt_type' holds '1'; expected CE or PE"),
    ],
)
def test_file_of_another_schema_is_rejected_whole_and_counted(
    tmp_path: Path, columns: dict[str, Any], reason: str
) -> None:
    write_raw_file(tmp_path / "raw", GOOD, strike=54100)
    write_raw_file(tmp_path / "raw", GOOD, columns)
    report = packed(tmp_path / "raw", tmp_path / "store")
    assert [q.rows for q in report.quarantined] == [3]
    assert reason in report.quarantined[0].reason
    assert stored(tmp_path / "store").height == 3


def test_all_rows_of_a_rejected_file_are_counted(tmp_path: Path) -> None:
    rows = [(i % 20_000, 1.0, i) for i in range(250_000)]
    write_raw_file(tmp_path / "raw", rows, {"opt_type": ["CE"] * 249_999 + ["XX"]})
    report = packed(tmp_path / "raw", tmp_path / "store")
    assert report.rows_read == report.rows_quarantined == 250_000
    assert report.rows_written == 0


def test_other_types_of_the_same_values_are_no_difference(tmp_path: Path) -> None:
    write_raw_file(tmp_path / "raw", GOOD)
    packed(tmp_path / "raw", tmp_path / "store")
    values = {"opt_type": ["ce", "Ce", "CE"], "qty": [15.0, 15.0, 15.0], "strike": "54000.0"}
    write_raw_file(tmp_path / "other", GOOD, values)
    report = packed(tmp_path / "other", tmp_path / "store")
    assert (report.rows_duplicate, report.rows_written, report.exit_code) == (3, 0, 0)


def test_missing_columns_are_typed_and_null_or_what_the_name_says(tmp_path: Path) -> None:
    path = write_raw_file(tmp_path / "raw", GOOD)
    pl.read_parquet(path).select("timestamp", "price").write_parquet(path)
    assert packed(tmp_path / "raw", tmp_path / "store").exit_code == 0
    found = stored(tmp_path / "store")
    assert found["volume"].null_count() == found["vol_delta"].null_count() == 3
    assert found.select("symbol", "opt_type", "strike", "year", "month").row(0) == (
        "banknifty25aug54000ce", "CE", 54000.0, 2025, 8,
    )  # fmt: skip


def test_crossed_quotes_and_volume_resets_are_kept_and_counted(tmp_path: Path) -> None:
    ticks = [(0, 1.0, 10), (1, 1.0, 30), (2, 1.0, 20), (3, 1.0, None), (4, 1.0, 25), (5, 1.0, 26)]
    write_raw_file(tmp_path / "raw", ticks, {"bp0": [1.0, 9.0, 1.0, 1.0, 1.0, 1.0]})
    report = packed(tmp_path / "raw", tmp_path / "store")
    assert (report.exit_code, report.crossed_quotes, report.volume_resets) == (0, 1, 1)
    assert stored(tmp_path / "store")["vol_delta"].to_list() == [0, 20, 0, None, 0, 1]


def test_volume_deltas_start_anew_with_each_contract_and_day(tmp_path: Path) -> None:
    for strike, start in ((54000, 100), (54100, 7)):
        ticks = [(0, 1.0, start), (1, 1.0, start + 5), (3 * DAY, 1.0, start), (3 * DAY, 1.0, 200)]
        write_raw_file(tmp_path / "raw", ticks, strike=strike)
    packed(tmp_path / "raw", tmp_path / "store")
    assert stored(tmp_path / "store")["vol_delta"].to_list() == [0, 5, 0, 5, 0, 100, 0, 193]


def test_file_that_no_reader_claims_is_ignored_and_counted(tmp_path: Path) -> None:
    write_raw_file(tmp_path / "raw", GOOD)
    (tmp_path / "raw" / "LICENSE").write_text("text")
    report = packed(tmp_path / "raw", tmp_path / "store")
    assert (report.files, report.files_ignored, report.exit_code) == (1, 1, 0)
