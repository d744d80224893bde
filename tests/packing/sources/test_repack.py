"""Packing again: what is skipped, retried, added and replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.packing.raw_files import DAY, data_files, stored, write_raw_file

from tickloom import ReaderSpec, TickloomError, TransformSpec, open_store, pack
from tickloom.host import get_host
from tickloom.packing.report import PackReport

FIRST = [(0, 1.0, 10), (1, 1.5, 20)]
SECOND = [(5, 2.0, 30)]


def packed(raw: Path, store: Path, **options: Any) -> PackReport:
    return pack(raw, store, executor="threads", workers=1, **options)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_raw_file(tmp_path / "raw", FIRST, strike=54000)
    write_raw_file(tmp_path / "raw", FIRST, strike=54100)
    return tmp_path / "raw"


@pytest.fixture
def store(tmp_path: Path, raw: Path) -> Path:
    packed(raw, tmp_path / "store")
    return tmp_path / "store"


def file_times(store: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in store.glob("*/*/part-*")}


def test_unchanged_sources_are_skipped_and_files_left_alone(raw: Path, store: Path) -> None:
    before = file_times(store)
    report = packed(raw, store)
    assert (report.sources_skipped, report.rows_read, report.partitions) == (2, 0, 0)
    assert report.files == 2
    assert file_times(store) == before


def test_new_time_with_the_same_content_is_skipped(raw: Path, store: Path) -> None:
    path = raw / "banknifty25aug54000ce.parquet"
    os.utime(path, ns=(1, 1))
    assert packed(raw, store).sources_skipped == 2
    # The new time is noted: from now on it decides, and the content is not read again.
    [entry] = [e for e in open_store(store).manifest.sources.values() if "54000" in e.key]
    assert entry.files[0].mtime_ns == 1


def test_content_changed_behind_size_and_time_is_found_by_rehash(raw: Path, store: Path) -> None:
    path = raw / "banknifty25aug54000ce.parquet"
    before = path.stat()
    write_raw_file(raw, [(0, 1.0, 10), (1, 3.5, 20)], strike=54000)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert packed(raw, store).sources_skipped == 2
    assert packed(raw, store, rehash=True).sources_skipped == 1
    assert stored(store).height == 5


def test_changed_source_only_adds(raw: Path, store: Path) -> None:
    write_raw_file(raw, SECOND, strike=54000)
    report = packed(raw, store)
    assert (report.sources_skipped, report.rows_read, report.rows_written) == (1, 1, 1)
    assert stored(store).height == 5


def test_replace_rebuilds_from_all_sources(raw: Path, store: Path, tmp_path: Path) -> None:
    write_raw_file(raw, SECOND, strike=54000)
    report = packed(raw, store, replace=True)
    assert report.rows_read == report.rows_written + report.rows_duplicate == 3
    packed(raw, tmp_path / "afresh")
    assert data_files(store) == data_files(tmp_path / "afresh")


def test_replace_removes_a_day_that_no_source_has_any_more(raw: Path, store: Path) -> None:
    monday = [(3 * DAY, 1.0, 5)]
    write_raw_file(raw, FIRST + monday, strike=54000)
    packed(raw, store)
    assert len(file_times(store)) == 2
    write_raw_file(raw, FIRST, strike=54000)
    packed(raw, store, replace=True)
    assert len(file_times(store)) == 1


def test_replace_needs_the_other_sources(raw: Path, store: Path) -> None:
    write_raw_file(raw, SECOND, strike=54000)
    (raw / "banknifty25aug54100ce.parquet").unlink()
    before = data_files(store)
    with pytest.raises(TickloomError, match=r"54100ce\.parquet.*is gone"):
        packed(raw, store, replace=True)
    assert data_files(store) == before


def test_replace_keeps_old_rows_of_a_source_that_broke(raw: Path, store: Path) -> None:
    (raw / "banknifty25aug54000ce.parquet").write_bytes(b"broken")
    before = data_files(store)
    assert packed(raw, store, replace=True).exit_code == 3
    assert data_files(store) == before


def test_quarantined_sources_are_retried_until_they_are_good(raw: Path, store: Path) -> None:
    bad = raw / "banknifty25aug54200ce.parquet"
    bad.write_bytes(b"broken")
    assert [packed(raw, store).exit_code for _ in range(2)] == [3, 3]
    write_raw_file(raw, FIRST, strike=54200)
    report = packed(raw, store)
    assert (report.exit_code, report.rows_written, report.sources_skipped) == (0, 2, 2)
    assert packed(raw, store).sources_skipped == 3


def test_quarantined_source_that_was_removed_is_forgotten(raw: Path, store: Path) -> None:
    bad = raw / "banknifty25aug54200ce.parquet"
    bad.write_bytes(b"broken")
    packed(raw, store)
    bad.unlink()
    assert packed(raw, store).exit_code == 0
    assert all(entry.state == "packed" for entry in open_store(store).manifest.sources.values())


@contextmanager
def released_anew(spec: ReaderSpec | TransformSpec) -> Iterator[None]:
    """A plugin's spec as its next release may have it."""
    before = spec.version
    object.__setattr__(spec, "version", before + ".1")
    try:
        yield
    finally:
        object.__setattr__(spec, "version", before)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("readers", "nse-parquet"), ("transforms", "changeper"), ("transforms", "vol-delta")],
)
def test_a_new_version_of_a_plugin_reads_its_sources_again(
    raw: Path, store: Path, kind: str, name: str
) -> None:
    spec = getattr(get_host(), kind).get(name)
    with released_anew(spec):
        report = packed(raw, store)
        assert (report.sources_skipped, report.rows_duplicate, report.rows_written) == (0, 4, 0)
        assert packed(raw, store).sources_skipped == 2
    assert packed(raw, store).sources_skipped == 0


def test_a_new_version_of_another_reader_reads_nothing_again(raw: Path, store: Path) -> None:
    with released_anew(get_host().readers.get("csv")):
        assert packed(raw, store).sources_skipped == 2


MAPPING = """
symbol = "{contract}"
same_names = true
clock = { columns = ["timestamp"], zone = "Asia/Kolkata" }
extract = { file = '(?P<contract>[^/]+)\\.csv' }
"""


def test_an_edited_mapping_reads_its_sources_again(tmp_path: Path) -> None:
    raw, store, mapping = tmp_path / "raw", tmp_path / "store", tmp_path / "mapping.toml"
    raw.mkdir()
    (raw / "banknifty25aug54000ce.csv").write_text(
        "timestamp,price,oi\n2025-08-01 09:15:00,10.5,7\n"
    )
    mapping.write_text(MAPPING)
    assert packed(raw, store, mapping=mapping).rows_written == 1
    assert packed(raw, store, mapping=mapping).sources_skipped == 1
    mapping.write_text(MAPPING.replace("Asia/Kolkata", "Asia/Colombo"))
    report = packed(raw, store, mapping=mapping)
    assert (report.sources_skipped, report.rows_read) == (0, 1)


def test_other_settings_read_everything_again(raw: Path, store: Path, tmp_path: Path) -> None:
    calendar = tmp_path / "calendar.csv"
    calendar.write_text(
        "Instrument,Expiry_Type,Contract_Month,Final_Expiry\nBANKNIFTY,Monthly,2025-08,2025-08-29\n"
    )
    report = packed(raw, store, calendar=calendar)
    assert (report.sources_skipped, report.rows_written, report.rows_duplicate) == (0, 0, 4)
    assert set(stored(store)["expiry"].dt.to_string()) == {"2025-08-29"}
