"""Columns beyond the 58: fixed by the first pack, added only if asked."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.packing.raw_files import data_files, stored, write_raw_file
from tests.packing.small_batches import with_small_batches

from tickloom import open_store, pack
from tickloom.packing.report import PackReport
from tickloom.schema import STORED_COLUMNS, polars_schema
from tickloom.store.verify import verify_store

TICKS = [(0, 1.0, 10), (1, 1.5, 20)]


def packed(raw: Path | list[Path], store: Path, **options: Any) -> PackReport:
    return pack(raw, store, executor="threads", workers=1, **options)


def test_extra_columns_follow_the_58_by_name(tmp_path: Path) -> None:
    write_raw_file(tmp_path / "raw", TICKS, {"zeta": [1, 2], "alpha": ["x", None]})
    packed(tmp_path / "raw", tmp_path / "store")
    found = stored(tmp_path / "store")
    assert found.columns == [*polars_schema(STORED_COLUMNS), "alpha", "zeta"]
    assert found.select("alpha", "zeta").rows() == [("x", 1), (None, 2)]
    assert [c.name for c in open_store(tmp_path / "store").manifest.columns or ()] == [
        "alpha",
        "zeta",
    ]


def test_files_without_an_extra_column_have_nulls_in_it(tmp_path: Path) -> None:
    write_raw_file(tmp_path / "raw", TICKS, {"alpha": [1, 2]}, strike=54000)
    write_raw_file(tmp_path / "raw", TICKS, {"alpha": [1.5, 2.5]}, strike=54100)
    write_raw_file(tmp_path / "raw", TICKS, strike=54200)
    packed(tmp_path / "raw", tmp_path / "store")
    found = stored(tmp_path / "store")
    assert found.schema["alpha"] == pl.Float64
    assert found["alpha"].to_list() == [1.0, 2.0, 1.5, 2.5, None, None]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([5, "abc"], ["5", "abc"]),
        ([5, 0.5, "abc"], ["5", "0.5", "abc"]),
        ([True, 5], ["true", "5"]),
        ([dt.date(2025, 8, 1), "abc"], ["2025-08-01", "abc"]),
    ],
)
def test_what_files_have_in_different_types_becomes_text(
    tmp_path: Path, values: list[Any], texts: list[str]
) -> None:
    """In one pack and one partition, and the last file, whose text everything fits, before the
    others."""
    folders = []
    for number, value in enumerate(values):
        folders.append(tmp_path / f"raw {number}")
        write_raw_file(folders[-1], TICKS, {"alpha": value}, strike=54000 + 100 * number)
    report = packed(folders, tmp_path / "at once")
    assert report.exit_code == 0
    found = stored(tmp_path / "at once")
    assert found.schema["alpha"] == pl.Categorical
    assert found["alpha"].cast(pl.String).to_list() == [text for text in texts for _ in TICKS]
    if "abc" in values:
        for folder in reversed(folders):
            assert packed(folder, tmp_path / "one by one").exit_code == 0
        assert data_files(tmp_path / "one by one") == data_files(tmp_path / "at once")
    assert verify_store(tmp_path / "at once", deep=True).problems == []


def test_integers_that_no_float_holds_are_not_made_floats(tmp_path: Path) -> None:
    write_raw_file(tmp_path / "floats", TICKS, {"alpha": 0.5})
    write_raw_file(tmp_path / "exact", TICKS, {"alpha": [-(2**53), 2**53]}, strike=54100)
    for number, value in enumerate((2**53 + 1, -(2**53) - 1)):
        columns = {"alpha": [value, 0]}
        write_raw_file(tmp_path / "beyond", TICKS, columns, strike=54200 + 100 * number)
    raw = [tmp_path / name for name in ("floats", "exact", "beyond")]
    report = packed(raw, tmp_path / "store")
    assert [bad.path.parent.name for bad in report.quarantined] == ["beyond", "beyond"]
    assert "'alpha' holds integers that the store's column" in report.quarantined[0].reason
    assert stored(tmp_path / "store")["alpha"].to_list() == [0.5, 0.5, -(2.0**53), 2.0**53]


def test_text_of_a_contract_merged_in_pieces_lies_beside_that_of_others(tmp_path: Path) -> None:
    many = [(second, float(second), second) for second in range(40)]
    for name in ("one", "two"):
        rows = many if name == "one" else many[20:]
        write_raw_file(tmp_path / name, [*rows, (50, 2.0, len(name))], {"exchange": "NFO"})
    write_raw_file(tmp_path / "two", TICKS, {"exchange": "NFO"}, strike=54100)
    folders = [tmp_path / "one", tmp_path / "two"]
    with_small_batches(tmp_path / "pieces", folders, 7)
    packed(folders, tmp_path / "at once")
    assert data_files(tmp_path / "pieces") == data_files(tmp_path / "at once")
    assert stored(tmp_path / "pieces")["exchange"].cast(pl.String).unique().to_list() == ["NFO"]


def test_later_column_is_quarantined_with_its_remedy(tmp_path: Path) -> None:
    write_raw_file(tmp_path / "raw", TICKS)
    packed(tmp_path / "raw", tmp_path / "store")
    before = data_files(tmp_path / "store")
    write_raw_file(tmp_path / "raw", TICKS, {"alpha": [1, 2]}, strike=54100)
    report = packed(tmp_path / "raw", tmp_path / "store")
    assert "columns that the store does not have: alpha" in report.quarantined[0].reason
    assert "--add-columns" in report.quarantined[0].reason
    assert report.rows_read == report.rows_quarantined == 2
    assert data_files(tmp_path / "store") == before


def test_add_columns_rewrites_every_file(tmp_path: Path) -> None:
    write_raw_file(tmp_path / "first", TICKS)
    write_raw_file(tmp_path / "first", [(3 * 86_400, 1.0, 5)], strike=54100)
    packed(tmp_path / "first", tmp_path / "store")
    write_raw_file(tmp_path / "second", TICKS, {"alpha": [1, 2]}, strike=54200)
    report = packed(tmp_path / "second", tmp_path / "store", add_columns=True)
    assert (report.exit_code, report.rows_written, report.partitions) == (0, 2, 2)
    together = tmp_path / "together"
    pack([tmp_path / "first", tmp_path / "second"], together, executor="threads", workers=1)
    assert data_files(tmp_path / "store") == data_files(together)
    files = [*(tmp_path / "store").glob("*/*/part-*")]
    assert pl.scan_parquet(files).select(pl.col("alpha").sum()).collect().item() == 3


@pytest.mark.parametrize("values", [["x", "y"], [1.5, 2.5]])
def test_column_of_another_type_than_the_stores_is_quarantined(
    tmp_path: Path, values: list[Any]
) -> None:
    write_raw_file(tmp_path / "raw", TICKS, {"alpha": [1, 2]})
    packed(tmp_path / "raw", tmp_path / "store")
    write_raw_file(tmp_path / "raw", TICKS, {"alpha": values}, strike=54100)
    report = packed(tmp_path / "raw", tmp_path / "store")
    assert "the store's column holds int64" in report.quarantined[0].reason


@pytest.mark.parametrize("name", ["^iv$", "*", "^.*$"])
def test_column_whose_name_is_a_pattern_is_quarantined(tmp_path: Path, name: str) -> None:
    write_raw_file(tmp_path / "raw", TICKS, {"iv": 0.25}, strike=54100)
    write_raw_file(tmp_path / "raw", TICKS, {"iv": 0.25, name: 0.5})
    report = packed(tmp_path / "raw", tmp_path / "store")
    [bad] = report.quarantined
    assert repr(name) in bad.reason
    assert "rename it" in bad.reason
    assert (report.rows_quarantined, report.rows_written) == (2, 2)
