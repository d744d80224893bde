"""Columns beyond the 58: fixed by the first pack, added only if asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.packing.raw_files import data_files, stored, write_raw_file

from tickloom import open_store, pack
from tickloom.packing.report import PackReport
from tickloom.schema import STORED_COLUMNS, polars_schema

TICKS = [(0, 1.0, 10), (1, 1.5, 20)]


def packed(raw: Path, store: Path, **options: Any) -> PackReport:
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
