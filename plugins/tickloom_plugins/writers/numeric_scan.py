"""Reads numbers out of a Parquet file with Polars, which decodes them faster than PyArrow.

Measured on 16 M rows of ``price, bp0, sp0, volume``: 33 M rows per CPU second against 26. Polars
also skips the pages before a range: 10,000 rows out of a row group of 100,000 take 0.6 ms, not 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

TOGETHER: Final = 100_000
"""Rows of short ranges that are read by one query: 11 strikes of four expiries in each of 24 files
took 30 ms instead of 42."""

_OPEN: Final = 64
"""Files whose footers are remembered: parsing one of 58 columns and 40 row groups takes 0.9 ms."""


def only_numbers(path: Path, columns: Sequence[str]) -> bool:
    """True if each of ``columns`` is in the file and holds numbers, times, dates or flags.

    Text is left to PyArrow: Polars would hand it over in other Arrow types than the file's.
    """
    import polars as pl

    schema = _opened(path)[1]
    return all(
        name in schema and (schema[name].is_numeric() or schema[name].is_temporal()
                            or schema[name] == pl.Boolean)
        for name in columns
    )  # fmt: skip


def scan_numbers(
    path: Path, columns: Sequence[str], ranges: Sequence[tuple[int, int]]
) -> Iterator[pa.Table]:
    """One table for each ``(first row, number of rows)``, in chunks of a row group each. Short
    ranges are read several at a time."""
    lazy = _opened(path)[0].select(columns)
    for near in _together(ranges):
        if len(near) == 1:
            yield lazy.slice(*near[0]).collect().to_arrow()
        else:
            yield from _collected([lazy.slice(*each) for each in near])


def _collected(slices: Sequence[pl.LazyFrame]) -> Iterator[pa.Table]:
    import polars as pl

    # Polars would take slices of one file for one scan and read the whole file, once.
    apart = pl.QueryOptFlags(comm_subplan_elim=False)
    for frame in pl.collect_all(slices, optimizations=apart):
        yield frame.to_arrow()


def _together(ranges: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Runs of ``ranges`` of :data:`TOGETHER` rows or less in all, or of one range."""
    near: list[tuple[int, int]] = []
    for each in ranges:
        if near and sum(rows for _, rows in (*near, each)) > TOGETHER:
            yield near
            near = []
        near.append(each)
    if near:
        yield near


def _opened(path: Path) -> tuple[pl.LazyFrame, pl.Schema]:
    found = path.stat()
    return _frame(str(path.absolute()), (found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(_OPEN)
def _frame(path: str, identity: tuple[int, ...]) -> tuple[pl.LazyFrame, pl.Schema]:
    """The file as a lazy frame, which keeps its footer; ``identity`` tells apart what was at
    ``path`` at other times."""
    import polars as pl

    lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False, parallel="row_groups")
    return lazy, lazy.collect_schema()
