"""No contract trades after its expiry, none long before it: whatever the reader, such rows go to
quarantine, and the others go on."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

import tickloom
from tickloom.packing.report import PackReport
from tickloom.store.api import open_store

GOOD = "2025-11-03"


def write_parquet(folder: Path, name: str, days: Sequence[str], **columns: object) -> Path:
    stamps = [dt.datetime.fromisoformat(f"{day}T10:00:00") for day in days]
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.parquet"
    frame = pl.DataFrame({"timestamp": stamps, "price": 81.5})
    frame.with_columns(**{k: pl.lit(v) for k, v in columns.items()}).write_parquet(path)
    return path


def pack(raw: Path, store: Path, **options: object) -> PackReport:
    return tickloom.pack(raw, store, executor="threads", **options)  # type: ignore[arg-type]


def dates(store: Path) -> list[str]:
    return sorted(str(one.key.date) for one in open_store(store).partitions())


@pytest.mark.parametrize(
    ("name", "day", "reason"),
    [
        ("nifty25oct25500ce", "2025-10-29", "after the contract's expiry, 2025-10-28"),
        ("nifty25oct25500ce", "2099-01-05", "after the contract's expiry, 2025-10-28"),
        ("nifty25nov25500ce", "2015-11-04", "a tick before 2025-08"),
        ("nifty25nov25500ce", "2025-07-01", "a tick before 2025-08"),
        ("nifty25n1825500ce", "2025-08-18", "a tick before 2025-09"),
        ("NIFTY30DEC25C25500", "2020-06-01", "a tick before 2020-12"),
        ("reliance25nov1500pe", "2025-05-05", "a tick before 2025-08"),
    ],
)
def test_a_day_without_the_contract_is_quarantined(
    tmp_path: Path, name: str, day: str, reason: str
) -> None:
    good = "2025-10-20" if "oct" in name else GOOD
    path = write_parquet(tmp_path / "raw", name, [good, day])
    report = pack(tmp_path / "raw", tmp_path / "store")
    assert report.exit_code == 3
    [found] = report.quarantined
    assert (found.path, found.rows) == (path, 1)
    assert reason in found.reason
    assert dates(tmp_path / "store") == [good]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("nifty25nov25500ce", "2025-11-25"),  # its last day
        ("nifty25nov25500ce", "2025-08-29"),  # its first
        ("nifty26jun25500ce", "2021-07-01"),  # half-yearly, five years ahead
        ("nifty25sep25500ce", "2024-09-27"),  # quarterly
        ("banknifty2390745800ce", "2023-09-01"),  # re-dated to the day before
        ("nifty25n1825500ce", "2025-10-06"),  # weekly, six weeks ahead
    ],
)
def test_a_day_with_the_contract_is_stored(tmp_path: Path, name: str, day: str) -> None:
    write_parquet(tmp_path / "raw", name, [day])
    report = pack(tmp_path / "raw", tmp_path / "store")
    assert (report.exit_code, report.rows_written) == (0, 1)


def test_every_reader_is_held_to_it(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "a.csv").write_text(
        "at,name,ltp\n2025-10-27 10:00:00,nifty25oct25500ce,5\n"
        "2025-10-29 10:00:00,nifty25oct25500ce,5\n"
    )
    (raw / "b.sql").write_text(
        "CREATE TABLE `nifty25oct25400ce` (`timestamp` datetime, `price` double);\n"
        "INSERT INTO `nifty25oct25400ce` VALUES ('2025-10-27 10:00:00',5),"
        "('2025-10-29 10:00:00',5);\n"
    )
    folder = raw / "option" / "goog"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "20151224_quote_american.zip", "w") as archive:
        for expiry in ("20151218", "20160115", "20290119"):
            name = f"20151224_goog_minute_quote_american_call_7500000_{expiry}.csv"
            archive.writestr(name, "34200000,1,1,1,10000,1,2,2,2,20000,2\n")
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'symbol = "{name}"\n[clock]\ncolumns = ["at"]\nzone = "Asia/Kolkata"\n'
        '[columns]\nprice = "ltp"\n'
    )
    report = pack(raw, tmp_path / "store", mapping=mapping)
    assert (report.rows_read, report.rows_written, report.rows_quarantined) == (7, 3, 4)
    reasons = sorted(found.reason for found in report.quarantined)
    assert [reason[:13] for reason in reasons] == ["a tick after "] * 3 + ["a tick before"]


def test_an_old_form_with_its_segment_is_not_read_day_first(tmp_path: Path) -> None:
    write_parquet(tmp_path / "raw", "NIFTY25NOV25700CE.NFO", [GOOD])
    assert pack(tmp_path / "raw", tmp_path / "store").exit_code == 0
    [partition] = open_store(tmp_path / "store").partitions()
    [rows] = partition.index().contracts
    assert (rows.strike, str(rows.expiry), rows.kind) == (25700, "2025-11-25", "monthly")


def test_a_files_own_columns_resolve_its_name(tmp_path: Path) -> None:
    name = "NIFTY25NOV2525700CE"
    write_parquet(tmp_path / "raw", name, [GOOD], strike=25700.0)
    report = pack(tmp_path / "raw", tmp_path / "store")
    assert report.quarantined == []
    [note] = report.names_settled
    assert "it is NIFTY 2025-11-25 25700 CE" in note


def test_an_own_column_of_expiries_is_compared_and_left_out(tmp_path: Path) -> None:
    day = dt.date(2025, 11, 25)
    path = write_parquet(tmp_path / "raw", "INFY25NOV2520CE", [GOOD], expiry=day, strike=2520)
    frame = pl.read_parquet(path)
    wrong = frame.with_columns(expiry=pl.lit(dt.date(2025, 12, 30)))
    other = path.with_name("infy25nov1500ce.parquet")
    pl.concat([frame, wrong, frame]).drop("strike").write_parquet(other)
    report = pack(tmp_path / "raw", tmp_path / "store")
    [found] = report.quarantined
    assert (found.path, found.rows) == (other, 1)
    assert "its column expiry says another day than that of the name: 2025-11-25" in found.reason
    assert report.rows_written == 3
    assert open_store(tmp_path / "store").manifest.columns == ()


def test_contracts_of_one_file_are_a_listing_and_have_rows_of_their_own(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    lines = "".join(
        f"{GOOD} 10:00:00,{name},5\n"
        for name in (
            "RELIANCE25NOV2560CE",
            "RELIANCE25NOV1500CE",
            "RELIANCE25NOV1550CE",
            "ICICIBANK27APR23870CE",
        )
    )
    (raw / "a.csv").write_text("at,name,ltp\n" + lines)
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'symbol = "{name}"\n[clock]\ncolumns = ["at"]\nzone = "Asia/Kolkata"\n'
        '[columns]\nprice = "ltp"\n'
    )
    report = pack(raw, tmp_path / "store", mapping=mapping)
    assert report.rows_written == 3
    [found] = report.quarantined
    assert found.reason.startswith("ICICIBANK27APR23870CE: ")
    assert "not listed before 2027-01" in found.reason
    assert "expired on 2023-04-27" in found.reason
