"""Reads the columns of a slice and hands them to a kernel as contiguous arrays.

A file's columns arrive in chunks, one for each row group. Loops that go from chunk to chunk get
them as they are; for others, contracts that lie inside a chunk are handed on as views of it, and
those that lie across an edge are put together by a copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tickloom.arrow import numbers_of
from tickloom.engine.columns.chunks import Chunks, Int64
from tickloom.engine.columns.slices import Slice
from tickloom.engine.columns.values import as_numbers
from tickloom.errors import StoreError
from tickloom.schema import ROW_GROUP_ROWS
from tickloom.store.partitions.formats import format_of

if TYPE_CHECKING:
    import pyarrow as pa

WIDEST_GAP: Final = ROW_GROUP_ROWS // 4
"""Unselected rows between two contracts that are read along: a second look-up in the file costs
1.7 ms, in which 100,000 rows of four columns are decoded."""


@dataclass(frozen=True, slots=True)
class Block:
    """Contracts that lie one after another. ``n`` is their number.

    Its arrays hold until the next block is asked for.
    """

    low: int
    """Its first contract, counted over the slice."""

    offsets: Int64
    """``int64[n + 1]``: at which row each contract starts, and where the last one ends."""

    chunks: Chunks
    """The columns: ``float64`` or ``int64``, or the hot file's types."""

    first_row: int
    """The file's row that is row 0 here."""

    @property
    def columns(self) -> list[npt.NDArray[Any]]:
        """The columns of a block in one piece."""
        return [chunk for (chunk,) in self.chunks.columns]


@dataclass(slots=True)
class Scan:
    """One pass over a slice's rows: iterate it for the blocks, then look at the counts."""

    slice: Slice
    """What to read."""

    names: Sequence[str]
    """Columns to read."""

    in_chunks: bool = False
    """Blocks may consist of several chunks, so that nothing is copied."""

    rows_read: int = 0
    """Rows taken from the file so far, gaps between selected contracts included."""

    nulls: dict[str, int] = field(default_factory=dict)
    """Nulls met so far, by column."""

    def __iter__(self) -> Iterator[Block]:
        groups = list(_groups(self.slice))
        ranges = self.ranges()
        hot, file = self.slice.hot, self.slice.file
        if hot is not None:
            tables = hot.scan(self.names, ranges)
        else:
            tables = format_of(file).scan(file, self.names, ranges)
        read = _readable(tables, file)
        for (low, high), (first_row, rows), table in zip(groups, ranges, read, strict=True):
            if table.num_rows != rows:
                raise StoreError(
                    f"{file} ends at row {first_row + table.num_rows}; its contract index goes on "
                    f"to row {first_row + rows}. 'tickloom verify STORE' says more"
                )
            self.rows_read += rows
            yield from self._blocks(table, low, high, first_row)

    def ranges(self) -> list[tuple[int, int]]:
        """First row and number of rows of each stretch of the file that is read."""
        return [self._range(low, high) for low, high in _groups(self.slice)]

    def all_null(self, but: str = "") -> str:
        """A column that is null in the whole partition, not only in this slice; empty: none.
        ``but`` may be."""
        needed = [name for name in self.names if name != but]
        hot, file = self.slice.hot, self.slice.file
        if hot is not None:
            return next((name for name in needed if hot.nulls[name] == hot.rows), "")
        empty = [name for name in needed if self.nulls[name] == self.rows_read]
        nowhere = format_of(file).summarise(file).all_null if empty else frozenset()
        return next((name for name in empty if name in nowhere), "")

    def _numbers(self, chunk: pa.Array, name: str) -> npt.NDArray[Any]:
        if self.slice.hot is not None:
            return numbers_of(chunk)
        return as_numbers(chunk, name)

    def _range(self, low: int, high: int) -> tuple[int, int]:
        starts, rows = self.slice.starts, self.slice.rows
        first = int(starts[low])
        return first, int(starts[high - 1] + rows[high - 1]) - first

    def _blocks(self, table: pa.Table, low: int, high: int, first_row: int) -> Iterator[Block]:
        columns = []
        for name in self.names:
            column = table.column(name)
            self.nulls[name] = self.nulls.get(name, 0) + column.null_count
            columns.append([self._numbers(chunk, name) for chunk in column.chunks if len(chunk)])
        chunks = Chunks.cut(columns)
        starts = self.slice.starts[low:high] - first_row
        ends = starts + self.slice.rows[low:high]
        for a, b in _runs(starts, ends, None if self.in_chunks else chunks.edges):
            begin, end = int(starts[a]), int(ends[b - 1])
            if self.in_chunks:
                offsets = np.append(starts[a:b], end)
                yield Block(low=low + a, offsets=offsets, chunks=chunks, first_row=first_row)
                continue
            yield Block(
                low=low + a,
                offsets=np.append(starts[a:b], end) - begin,
                chunks=Chunks.whole(chunks.span(begin, end)),
                first_row=first_row + begin,
            )


def _readable(tables: Iterator[pa.Table], file: Path) -> Iterator[pa.Table]:
    """``tables``, with what their decoders raise as :class:`StoreError`."""
    try:
        yield from tables
    except FileNotFoundError:
        raise
    except decoding_errors() as error:
        raise StoreError(
            f"{file} cannot be decoded ({error}); 'tickloom verify STORE' says what is damaged"
        ) from error


def decoding_errors() -> tuple[type[BaseException], ...]:
    """What decoders raise over a damaged file."""
    import polars as pl
    import pyarrow as pa

    # A panic is of BaseException: it would end a thread unseen.
    return pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError


def _groups(part: Slice) -> Iterator[tuple[int, int]]:
    """Runs of contracts that are read in one go: neighbours, or with a small gap between them."""
    gaps = part.starts[1:] - (part.starts[:-1] + part.rows[:-1])
    breaks = np.flatnonzero(gaps > WIDEST_GAP) + 1
    edges = [0, *breaks.tolist(), len(part.starts)]
    yield from pairwise(edges)


def _runs(starts: Int64, ends: Int64, edges: Int64 | None) -> Iterator[tuple[int, int]]:
    """Runs ``[a, b)`` of adjoining contracts; with ``edges``, inside one chunk, or one contract
    that lies across edges."""
    apart = starts[1:] != ends[:-1]
    if edges is not None:
        first = np.searchsorted(edges, starts, "right")
        last = np.searchsorted(edges, ends - 1, "right")
        apart |= (first[1:] != last[:-1]) | (first != last)[1:] | (first != last)[:-1]
    cuts = [0, *(np.flatnonzero(apart) + 1).tolist(), len(starts)]
    yield from pairwise(cuts)
