"""The conformance kit for writers."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tickloom.schema import STORED_COLUMNS, Column
from tickloom.specs import WriterSpec, WriteSettings
from tickloom.store.partitions.types import column_problems
from tickloom.testing.comparison import first_difference
from tickloom.testing.frames import sample_partition

if TYPE_CHECKING:
    import polars as pl

ROWS_PER_CONTRACT = (1, 700, 299, 1_000, 500)
"""2,500 rows: two full row groups and a half one, contracts across their borders."""

SETTINGS = WriteSettings(row_group_rows=1_000, metadata={"tickloom.zone": "Asia/Kolkata"})
SEED = 5
DAMAGES = 12


class WriterTests:
    """What the host expects of every writer. A subclass gives one fixture, ``writer``."""

    @pytest.fixture
    def writer(self) -> WriterSpec:
        """The writer under test."""
        raise NotImplementedError("give a fixture 'writer' that returns the WriterSpec")

    @pytest.fixture
    def frame(self) -> pl.DataFrame:
        """A partition in the store's order, with the 58 columns and one of a vendor's own."""
        frame = sample_partition(ROWS_PER_CONTRACT, SEED)
        return frame.with_columns(frame["timestamp_ns"].alias("zz_vendor"))

    @pytest.fixture
    def path(self, tmp_path: Path, writer: WriterSpec) -> Path:
        """Where the host stages the file."""
        assert writer.suffix.startswith("."), f"suffix must start with '.', is {writer.suffix!r}"
        return tmp_path / f"part-banknifty-0{writer.suffix}"

    def test_rows_come_back_in_order(
        self, writer: WriterSpec, frame: pl.DataFrame, path: Path
    ) -> None:
        writer.write([frame], path, SETTINGS)
        found = _scan(writer, path, frame.columns, [(0, frame.height)])
        difference = first_difference(frame, found)
        assert not difference, f"what was written reads back otherwise: {difference}"

    def test_ranges_and_columns_are_read_alone(
        self, writer: WriterSpec, frame: pl.DataFrame, path: Path
    ) -> None:
        writer.write([frame], path, SETTINGS)
        columns = ["price", "timestamp", "symbol"]
        ranges = [(0, 1), (999, 2), (1_000, 1_000), (1_500, 1_000), (2_499, 1)]
        tables = list(writer.scan(path, columns, ranges))
        assert len(tables) == len(ranges), (
            f"scan() must yield one table a range: expected {len(ranges)}, found {len(tables)}"
        )
        for (start, rows), table in zip(ranges, tables, strict=True):
            difference = first_difference(frame.select(columns).slice(start, rows), _polars(table))
            assert not difference, f"rows {start} to {start + rows - 1}: {difference}"

    def test_bytes_do_not_depend_on_the_frames(
        self, writer: WriterSpec, frame: pl.DataFrame, path: Path
    ) -> None:
        writer.write([frame], path, SETTINGS)
        whole = path.read_bytes()
        for name, cut in (("rows", (1, 999, 1_500)), ("row groups", (1_000, 1_000, 500))):
            other = path.with_name(f"{name}{writer.suffix}")
            writer.write(_cut(frame, cut), other, SETTINGS)
            same = other.read_bytes() == whole  # apart: pytest would print the difference
            assert same, f"the same rows in frames of {cut} rows must give the same bytes"

    def test_the_summary_tells_rows_groups_and_columns(
        self, writer: WriterSpec, frame: pl.DataFrame, path: Path
    ) -> None:
        import polars as pl

        empty = frame.with_columns(pl.lit(None, pl.Int64()).alias("oi"))
        writer.write([empty], path, SETTINGS)
        summary = writer.summarise(path)
        assert summary.rows == frame.height
        assert sum(summary.row_groups) == frame.height
        assert max(summary.row_groups) <= SETTINGS.row_group_rows
        assert list(summary.columns) == frame.columns
        vendors = Column("zz_vendor", "int64", "a vendor's own")
        problems = list(column_problems(summary.columns, (*STORED_COLUMNS, vendors), lenient=False))
        assert not problems, f"the host would refuse to commit the file: {'; '.join(problems)}"
        assert summary.all_null <= {"oi"}, f"{summary.all_null} hold values"

    def test_a_whole_file_passes_its_check(
        self, writer: WriterSpec, frame: pl.DataFrame, path: Path
    ) -> None:
        writer.write([frame], path, SETTINGS)
        assert list(writer.check(path)) == []

    def test_a_cut_file_does_not_pass(
        self, writer: WriterSpec, frame: pl.DataFrame, path: Path
    ) -> None:
        writer.write([frame], path, SETTINGS)
        whole = path.read_bytes()
        for size in (0, 10, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:size])
            assert list(writer.check(path)), (
                f"cut to {size} of {len(whole)} bytes, check() must yield what is wrong"
            )

    def test_damaged_bytes_are_found_or_do_no_harm(
        self, writer: WriterSpec, frame: pl.DataFrame, path: Path
    ) -> None:
        writer.write([frame], path, SETTINGS)
        whole = path.read_bytes()
        source = random.Random(SEED)
        for _ in range(DAMAGES):
            at, bit = source.randrange(len(whole)), source.randrange(8)
            damaged = bytearray(whole)
            damaged[at] ^= 1 << bit
            path.write_bytes(damaged)
            if list(writer.check(path)):
                continue
            difference = _harm(
                lambda: _scan(writer, path, frame.columns, [(0, frame.height)]), frame
            )
            assert not difference, (
                f"bit {bit} of byte {at} is flipped, check() finds nothing, and {difference}"
            )


def _harm(read: Callable[[], pl.DataFrame], frame: pl.DataFrame) -> str:
    try:
        return first_difference(frame, read())
    except Exception as error:
        return f"reading fails: {type(error).__name__}: {error}"


def _cut(frame: pl.DataFrame, heights: Sequence[int]) -> list[pl.DataFrame]:
    starts = [sum(heights[:i]) for i in range(len(heights))]
    return [frame.slice(start, rows) for start, rows in zip(starts, heights, strict=True)]


def _scan(
    writer: WriterSpec, path: Path, columns: Sequence[str], ranges: Sequence[tuple[int, int]]
) -> pl.DataFrame:
    import polars as pl

    return pl.concat([_polars(table) for table in writer.scan(path, columns, ranges)])


def _polars(table: object) -> pl.DataFrame:
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
