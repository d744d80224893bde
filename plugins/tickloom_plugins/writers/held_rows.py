"""Row groups of a Parquet file, held one piece at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

HELD_ROWS: Final = 250_000
"""A larger row group is decoded in pieces of so many rows: a file of 400 KB may have one of 200 M.
The 58 columns of a piece take 110 MB, the four that rows are sorted by 8 MB."""


class HeldRows:
    """Slices of a file's rows; what was read last serves those that follow it."""

    def __init__(self, file: pq.ParquetFile, columns: Sequence[str]) -> None:
        self._file = file
        self._columns = list(columns)
        self._starts = [0]
        for group in range(file.num_row_groups):
            self._starts.append(self._starts[-1] + file.metadata.row_group(group).num_rows)
        self._group = -1
        self._pieces: Iterator[pa.Table] = iter(())
        self._held: pa.Table | None = None
        self._first = 0

    def slices(self, first: int, end: int) -> list[pa.Table]:
        """The rows from ``first`` up to ``end``, in tables of one row group or less each."""
        found: list[pa.Table] = []
        for group, (start, stop) in enumerate(zip(self._starts, self._starts[1:], strict=False)):
            if start < end and stop > first:
                found += self._of_group(group, max(first, start), min(end, stop))
        return found

    def _of_group(self, group: int, first: int, end: int) -> Iterator[pa.Table]:
        if group != self._group or first < self._first:
            self._group, self._first = group, self._starts[group]
            self._held = None  # released before the next one is read
            self._pieces = self._read(group)
        while first < end:
            rows = self._held.num_rows if self._held is not None else 0
            if first >= self._first + rows:
                self._first += rows
                self._held = None
                self._held = next(self._pieces)
                continue
            stop = min(end, self._first + rows)
            assert self._held is not None
            yield self._held.slice(first - self._first, stop - first)
            first = stop

    def _read(self, group: int) -> Iterator[pa.Table]:
        import pyarrow as pa

        if self._starts[group + 1] - self._starts[group] <= HELD_ROWS:
            yield self._file.read_row_group(group, self._columns, use_threads=False)
        else:
            for batch in self._file.iter_batches(
                HELD_ROWS, row_groups=[group], columns=self._columns, use_threads=False
            ):
                yield pa.Table.from_batches([batch])
        raise pa.ArrowInvalid(f"row group {group} has fewer rows than the file says")
