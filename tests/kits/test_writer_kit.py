"""The writer kit catches planted faults, each for the right reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from tickloom import FileSummary, WriterSpec, WriteSettings
from tickloom.host import get_host
from tickloom.testing import WriterTests
from tickloom.testing.frames import sample_partition

KIT = WriterTests()


@pytest.fixture
def good() -> WriterSpec:
    return get_host().writers.get("parquet")


@pytest.fixture
def frame() -> pl.DataFrame:
    return sample_partition((1, 700, 299, 1_000, 500), 5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "part-banknifty-0.parquet"


def writing(good: WriterSpec, change: Any) -> WriterSpec:
    def write(frames: Iterable[pl.DataFrame], path: Path, settings: WriteSettings) -> None:
        good.write([change(frame) for frame in frames], path, settings)

    return replace(good, write=write)


def test_a_broken_order(good: WriterSpec, frame: pl.DataFrame, path: Path) -> None:
    spec = writing(good, lambda f: f.sort("timestamp"))
    with pytest.raises(AssertionError, match="reads back otherwise: row 0"):
        KIT.test_rows_come_back_in_order(spec, frame, path)


def test_other_values(good: WriterSpec, frame: pl.DataFrame, path: Path) -> None:
    spec = writing(good, lambda f: f.with_columns(pl.col("price").fill_null(0)))
    with pytest.raises(AssertionError, match="column 'price': expected None, found 0"):
        KIT.test_rows_come_back_in_order(spec, frame, path)


def test_other_types(good: WriterSpec, frame: pl.DataFrame, path: Path) -> None:
    spec = writing(good, lambda f: f.with_columns(pl.col("price").cast(pl.Float32)))
    with pytest.raises(AssertionError, match="'price': expected type Float64, found Float32"):
        KIT.test_rows_come_back_in_order(spec, frame, path)


def test_a_lost_row(good: WriterSpec, frame: pl.DataFrame, path: Path) -> None:
    spec = writing(good, lambda f: f.head(-1))
    with pytest.raises(AssertionError, match="expected 2500 rows, found 2499"):
        KIT.test_rows_come_back_in_order(spec, frame, path)


def test_a_scan_that_ignores_the_range(good: WriterSpec, frame: pl.DataFrame, path: Path) -> None:
    def scan(
        path: Path, columns: Sequence[str], ranges: Sequence[tuple[int, int]]
    ) -> Iterator[pa.Table]:
        for start, rows in ranges:
            yield from good.scan(path, columns, [(start // 1000 * 1000, rows)])

    with pytest.raises(AssertionError, match="rows 999 to 1000"):
        KIT.test_ranges_and_columns_are_read_alone(replace(good, scan=scan), frame, path)


def test_bytes_that_depend_on_the_cut(good: WriterSpec, frame: pl.DataFrame, path: Path) -> None:
    def write(frames: Iterable[pl.DataFrame], path: Path, settings: WriteSettings) -> None:
        frames = list(frames)
        good.write(frames, path, replace(settings, row_group_rows=frames[-1].height))

    with pytest.raises(AssertionError, match="must give the same bytes"):
        KIT.test_bytes_do_not_depend_on_the_frames(replace(good, write=write), frame, path)


def test_a_check_that_checks_nothing(good: WriterSpec, frame: pl.DataFrame, path: Path) -> None:
    spec = replace(good, check=lambda path: iter(()))
    with pytest.raises(AssertionError, match=r"cut to 0 .* must yield what is wrong"):
        KIT.test_a_cut_file_does_not_pass(spec, frame, path)
    with pytest.raises(AssertionError, match="is flipped, check\\(\\) finds nothing, and"):
        KIT.test_damaged_bytes_are_found_or_do_no_harm(spec, frame, path)


def test_a_check_that_cries_wolf(good: WriterSpec, frame: pl.DataFrame, path: Path) -> None:
    spec = replace(good, check=lambda path: ["damaged"])
    with pytest.raises(AssertionError, match="damaged"):
        KIT.test_a_whole_file_passes_its_check(spec, frame, path)


def test_a_summary_that_miscounts(good: WriterSpec, frame: pl.DataFrame, path: Path) -> None:
    spec = replace(good, summarise=lambda path: replace(good.summarise(path), rows=1))
    with pytest.raises(AssertionError, match="1 == 2500"):
        KIT.test_the_summary_tells_rows_groups_and_columns(spec, frame, path)


@pytest.mark.parametrize(("name", "said"), [("price", "DOUBLE"), ("symbol", "string")])
def test_a_summary_with_type_names_of_its_own(
    good: WriterSpec, frame: pl.DataFrame, path: Path, name: str, said: str
) -> None:
    def summarise(path: Path) -> FileSummary:
        summary = good.summarise(path)
        return replace(summary, columns={**summary.columns, name: said})

    frame = frame.with_columns(frame["timestamp_ns"].alias("zz_vendor"))
    spec = replace(good, summarise=summarise)
    with pytest.raises(AssertionError, match=f"refuse to commit the file: column {name}: .*{said}"):
        KIT.test_the_summary_tells_rows_groups_and_columns(spec, frame, path)
