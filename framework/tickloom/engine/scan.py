"""Reads the columns of a slice and hands them to a kernel as contiguous arrays.

A file's columns arrive in chunks, one for each row group. Contracts that lie inside a chunk are
handed on as views of it; only those that lie across an edge are put together by a copy, so about
one contract per row group is copied and no pass over the whole data is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tickloom.engine.schedule import Int64, Slice
from tickloom.errors import StoreError, UsageError
from tickloom.schema import ROW_GROUP_ROWS
from tickloom.store.formats import format_of

if TYPE_CHECKING:
    import pyarrow as pa

WIDEST_GAP: Final = ROW_GROUP_ROWS // 4
"""Unselected rows between two contracts that are read along: a second look-up in the file costs
1.7 ms, in which 100,000 rows of four columns are decoded."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole contracts that lie one after another in memory. ``n`` is their number."""

    low: int
    """Its first contract, counted over the slice."""

    offsets: Int64
    """``int64[n + 1]``: where each contract starts in the arrays, and where the last one ends."""

    columns: list[npt.NDArray[Any]]
    """One contiguous array a column, read-only where it is a view: ``float64`` or ``int64``, or
    the hot file's type."""

    first_row: int
    """The file's row that the arrays start at."""


@dataclass(slots=True)
class Scan:
    """One pass over a slice's rows: iterate it for the blocks, then look at the counts."""

    slice: Slice
    """What to read."""

    names: Sequence[str]
    """Columns to read."""

    rows_read: int = 0
    """Rows taken from the file so far, gaps between selected contracts included."""

    nulls: dict[str, int] = field(default_factory=dict)
    """Nulls met so far, by column."""

    def __iter__(self) -> Iterator[Block]:
        groups = list(_groups(self.slice))
        ranges = [self._range(low, high) for low, high in groups]
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

    def all_null(self) -> str:
        """A column that is null in the whole partition, not only in this slice; empty: none."""
        hot, file = self.slice.hot, self.slice.file
        if hot is not None:
            return next((name for name in self.names if hot.nulls[name] == hot.rows), "")
        empty = [name for name in self.names if self.nulls[name] == self.rows_read]
        nowhere = format_of(file).summarise(file).all_null if empty else frozenset()
        return next((name for name in empty if name in nowhere), "")

    def _numbers(self, chunk: pa.Array, name: str) -> npt.NDArray[Any]:
        if self.slice.hot is not None:
            return _view(chunk)
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
        starts = self.slice.starts[low:high] - first_row
        ends = starts + self.slice.rows[low:high]
        edges = [_edges(chunks) for chunks in columns]
        for a, b in _runs(starts, ends, np.unique(np.concatenate(edges))):
            begin, end = int(starts[a]), int(ends[b - 1])
            yield Block(
                low=low + a,
                offsets=np.append(starts[a:b], end) - begin,
                columns=[_span(c, e, begin, end) for c, e in zip(columns, edges, strict=True)],
                first_row=first_row + begin,
            )


def as_numbers(chunk: pa.Array, name: str) -> npt.NDArray[Any]:
    """``chunk`` as ``float64`` or ``int64``: a view where it has that width and no nulls.

    A null float becomes NaN, any other null 0. Times are microseconds and dates days since
    1970-01-01; flags are 0 and 1. Raises :class:`UsageError` for text.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = chunk.type
    if pa.types.is_floating(kind):
        if chunk.null_count:
            chunk = pc.fill_null(chunk, _scalar(np.float64(np.nan)).cast(kind))
        return np.asarray(_view(chunk), np.float64)
    if pa.types.is_timestamp(kind):
        chunk = chunk.view(pa.int64())
    elif pa.types.is_date32(kind):
        chunk = chunk.view(pa.int32())
    elif pa.types.is_boolean(kind):
        chunk = chunk.cast(pa.int8())
    elif not pa.types.is_integer(kind):
        raise UsageError(f"column {name!r} holds {kind}; a kernel can only read numbers")
    if chunk.null_count:
        chunk = pc.fill_null(chunk, _scalar(np.int64(0)).cast(chunk.type))
    return np.asarray(_view(chunk), np.int64)


def _view(chunk: pa.Array) -> npt.NDArray[Any]:
    """The values of a chunk of numbers without nulls, read-only and uncopied.

    Straight from the buffer: ``to_numpy``, like ``pa.scalar``, imports pandas where that is
    installed, which takes a short run longer than all else.
    """
    import pyarrow as pa

    kind, values = chunk.type, chunk.buffers()[1]
    if values is None or len(chunk) == 0:
        return np.zeros(0, np.int64)
    letter = "f" if pa.types.is_floating(kind) else "iu"[pa.types.is_unsigned_integer(kind)]
    dtype = np.dtype(f"{letter}{kind.bit_width // 8}")
    found = np.frombuffer(values, dtype, len(chunk), chunk.offset * dtype.itemsize)
    found.flags.writeable = False
    return found


def _scalar(value: np.float64 | np.int64) -> pa.Scalar:
    """``value`` for pyarrow, from its bytes."""
    import pyarrow as pa

    kind = pa.float64() if isinstance(value, np.float64) else pa.int64()
    return pa.Array.from_buffers(kind, 1, [None, pa.py_buffer(value.tobytes())])[0]


def _readable(tables: Iterator[pa.Table], file: Path) -> Iterator[pa.Table]:
    """``tables``, with what their decoders raise as :class:`StoreError`."""
    import polars as pl
    import pyarrow as pa

    try:
        yield from tables
    except FileNotFoundError:
        raise
    except (
        pa.ArrowException,
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,  # of BaseException: it would end a thread unseen
        OSError,
    ) as error:
        raise StoreError(
            f"{file} cannot be decoded ({error}); 'tickloom verify STORE' says what is damaged"
        ) from error


def _groups(part: Slice) -> Iterator[tuple[int, int]]:
    """Runs of contracts that are read in one go: neighbours, or with a small gap between them."""
    gaps = part.starts[1:] - (part.starts[:-1] + part.rows[:-1])
    breaks = np.flatnonzero(gaps > WIDEST_GAP) + 1
    edges = [0, *breaks.tolist(), len(part.starts)]
    yield from pairwise(edges)


def _edges(chunks: list[npt.NDArray[Any]]) -> Int64:
    """``int64[chunks + 1]``: where each chunk starts, and where the last one ends."""
    return np.cumsum([0, *(len(chunk) for chunk in chunks)], dtype=np.int64)


def _runs(starts: Int64, ends: Int64, edges: Int64) -> Iterator[tuple[int, int]]:
    """Runs ``[a, b)`` of adjoining contracts: inside one chunk, or one that lies across edges."""
    first = np.searchsorted(edges, starts, "right")
    last = np.searchsorted(edges, ends - 1, "right")
    apart = (starts[1:] != ends[:-1]) | (first[1:] != last[:-1]) | (first != last)[1:]
    apart |= (first != last)[:-1]
    cuts = [0, *(np.flatnonzero(apart) + 1).tolist(), len(starts)]
    yield from pairwise(cuts)


def _span(chunks: list[npt.NDArray[Any]], edges: Int64, begin: int, end: int) -> npt.NDArray[Any]:
    """Rows ``[begin, end)``: a view if one chunk holds them all, else a copy."""
    low = int(np.searchsorted(edges, begin, "right")) - 1
    high = int(np.searchsorted(edges, end - 1, "right")) - 1
    if low == high:
        return chunks[low][begin - edges[low] : end - edges[low]]
    parts = [chunks[i][max(begin - edges[i], 0) : end - edges[i]] for i in range(low, high + 1)]
    return np.concatenate(parts)
