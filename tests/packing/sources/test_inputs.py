"""Mappings and calendar files: a store reads its sources again with those that they had."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from click.testing import CliRunner
from tests.packing.raw_files import data_files, stored

import tickloom
from tickloom.cli.verify import command
from tickloom.errors import UsageError
from tickloom.packing.report import PackReport
from tickloom.store.writer import StoreWriter

MAPPING = """
symbol = "NIFTY25NOV{{strike}}{right}"
clock = {{ columns = ["at"], zone = "Asia/Kolkata" }}
columns = {{ price = "{side}_px", volume = "{side}_vol" }}
"""
LINES = """at,strike,call_px,call_vol,put_px,put_vol
2025-11-03 09:15:00,25500,101.5,75,99.5,150
2025-11-03 09:15:00,25600,51.5,75,149.5,75
2025-11-03 09:15:01,25500,102.0,150,99.0,225
"""


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Chains of calls and puts side by side, in folders by day; a mapping for each side."""
    (tmp_path / "raw/2025").mkdir(parents=True)
    (tmp_path / "raw/2025/one.csv").write_text(LINES)
    (tmp_path / "raw/two.csv").write_text(LINES.replace("09:15", "09:16"))
    for side, right in (("call", "CE"), ("put", "PE")):
        mapping = MAPPING.format(side=side, right=right)
        (tmp_path / f"{side}.toml").write_text(mapping)
    return tmp_path / "raw"


def packed(raw: Path, side: str, **options: Any) -> PackReport:
    mapping = raw.with_name(f"{side}.toml")
    store = raw.with_name("store")
    return tickloom.pack(raw, store, mapping=mapping, executor="threads", workers=1, **options)


def deep(raw: Path) -> dict[str, Any]:
    done = CliRunner().invoke(command, [str(raw.with_name("store")), "--deep", "--json"])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_two_mappings_over_one_folder_are_one_store(raw: Path) -> None:
    for side in ("call", "put"):
        report = packed(raw, side)
        assert (report.sources_skipped, report.rows_written) == (0, 6)
    before = stored(raw.with_name("store"))
    assert before["opt_type"].cast(pl.String).to_list() == ["CE"] * 6 + ["PE"] * 6
    for side in ("call", "put"):
        report = packed(raw, side)
        assert (report.sources_skipped, report.rows_read, report.partitions) == (2, 0, 0)
    assert deep(raw)["sources_compared"] == 4


def test_a_partition_is_rebuilt_from_both_mappings(raw: Path) -> None:
    for side in ("call", "put"):
        packed(raw, side)
    (raw / "two.csv").write_text(LINES.replace("09:15", "09:17").replace("101.5", "111.5"))
    packed(raw, "put", replace=True)
    rows = stored(raw.with_name("store"))
    calls = rows.filter(pl.col("opt_type").cast(pl.String) == "CE")
    assert calls["timestamp"].dt.minute().unique().sort().to_list() == [15, 17]
    assert 111.5 in calls["price"]
    assert packed(raw, "call").sources_skipped == 2


def test_verify_reads_a_source_with_its_mapping(raw: Path) -> None:
    packed(raw, "call")
    found = deep(raw)
    assert (found["ok"], found["notes"]) == (True, [])
    assert (found["sources_compared"], found["sources_unchecked"]) == (2, 0)


def test_verify_finds_the_table_that_lies_beside_a_source_s_folder(raw: Path) -> None:
    """The table is named from the folder that was packed, not from the file's own."""
    (raw / "tables").mkdir()
    (raw / "tables/names.csv").write_text("strike,name\n25500,NIFTY25NOV25500CE\n")
    (raw / "two.csv").unlink()
    raw.with_name("call.toml").write_text(
        MAPPING.format(side="call", right="CE")
        .replace("NIFTY25NOV{strike}CE", "{name}")
        .replace("\nclock", '\nfiles = ["2025/*.csv"]\nclock', 1)
        + 'lookup = { files = "tables/*.csv", key = "strike" }\nkeep = { strike = ["25500"] }\n'
    )
    assert packed(raw, "call").rows_written == 2
    found = deep(raw)
    assert (found["notes"], found["sources_compared"], found["sources_unchecked"]) == ([], 1, 0)
    (raw / "tables/names.csv").unlink()
    [note] = deep(raw)["notes"]
    assert note.startswith(
        f"{raw / '2025/one.csv'} needs {raw / 'tables/names.csv'}, which is gone"
    )


def test_verify_has_a_copy_of_a_mapping_that_changed(raw: Path) -> None:
    packed(raw, "call")
    raw.with_name("call.toml").write_text("changed")
    assert (deep(raw)["notes"], deep(raw)["sources_compared"]) == ([], 2)
    [copy] = raw.with_name("store").glob("_tickloom/inputs/*.toml")
    copy.unlink()
    found = deep(raw)
    assert (found["ok"], found["sources_unchecked"]) == (True, 2)
    assert all("the mapping" in note and "has changed" in note for note in found["notes"])


def test_verify_says_why_it_cannot_compare(raw: Path) -> None:
    packed(raw, "call")
    (raw / "two.csv").unlink()
    (raw / "2025/one.csv").rename(raw / "2025/one.txt")
    (raw / "2025/one.csv").mkdir()
    assert sorted(deep(raw)["notes"]) == sorted(
        [
            f"{raw / 'two.csv'} is gone; its rows cannot be compared",
            f"{raw / '2025/one.csv'} is no longer claimed by reader 'csv'; its rows cannot be "
            "compared",
        ]
    )


def test_verify_reads_a_source_with_its_calendar(raw: Path, tmp_path: Path) -> None:
    calendar = tmp_path / "calendar.csv"
    calendar.write_text(
        "Instrument,Expiry_Type,Contract_Month,Final_Expiry\nNIFTY,Monthly,2025-11,2025-11-24\n"
    )
    packed(raw, "call", calendar=calendar)
    assert stored(raw.with_name("store"))["expiry"].cast(pl.String)[0] == "2025-11-24"
    assert (deep(raw)["notes"], deep(raw)["sources_compared"]) == ([], 2)


def test_a_source_of_0_1_0_keeps_its_name(raw: Path) -> None:
    """It has no mapping in its key, and nothing of it is noted."""
    packed(raw, "call")
    store = raw.with_name("store")
    with StoreWriter.open(store) as writer:
        for key in list(writer.manifest.sources):
            entry = writer.manifest.sources.pop(key)
            plain = key.partition("|mapping=")[0]
            old = msgspec.structs.replace(entry, key=plain, inputs={}, settings="of 0.1.0")
            writer.record_sources([old])
    report = packed(raw, "call")
    assert (report.sources_skipped, report.rows_written, report.rows_duplicate) == (0, 0, 6)
    sources = tickloom.open_store(store).manifest.sources
    assert not any("|mapping=" in key for key in sources)
    assert packed(raw, "call").sources_skipped == 2
    assert packed(raw, "put").rows_written == 6


BOTH = """
clock = { columns = ["at"], zone = "Asia/Kolkata" }

[[instruments]]
symbol = "NIFTY25NOV{strike}CE"
columns = { price = "call_px", volume = "call_vol" }

[[instruments]]
symbol = "NIFTY25NOV{strike}PE"
columns = { price = "put_px", volume = "put_vol" }
"""


def test_one_mapping_of_two_instruments_gives_the_same_store(raw: Path) -> None:
    for side in ("call", "put"):
        packed(raw, side)
    expected = data_files(raw.with_name("store"))
    shutil.rmtree(raw.with_name("store"))
    raw.with_name("both.toml").write_text(BOTH)
    report = packed(raw, "both")
    assert (report.rows_read, report.rows_written, report.files) == (12, 12, 2)
    assert data_files(raw.with_name("store")) == expected
    assert packed(raw, "both").sources_skipped == 2
    assert deep(raw)["sources_compared"] == 2


def test_a_line_without_a_side_has_no_row_of_it(raw: Path) -> None:
    raw.with_name("both.toml").write_text(BOTH)
    (raw / "two.csv").write_text(LINES.splitlines()[0] + "\n2025-11-03 09:18:00,25500,9.5,75,,\n")
    report = packed(raw, "both")
    assert (report.rows_read, report.rows_written) == (7, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('symbol = "{strike}"\n' + BOTH, "expected either a symbol or instruments; found both"),
        (BOTH.replace("volume", "volumes", 1), r"instruments\[0\]: 'volumes' is no column"),
        (BOTH.replace("NIFTY25NOV{strike}PE", "PE"), r"instruments\[1\]: symbol: expected"),
    ],
)
def test_instruments_that_cannot_be_meant_are_refused(raw: Path, text: str, message: str) -> None:
    raw.with_name("both.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        packed(raw, "both")
