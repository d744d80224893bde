"""Rows that the store has, on their way into a new version of their partition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from tickloom.packing.clean_rows import canonical
from tickloom.packing.merge import Rows
from tickloom.packing.runs import Run
from tickloom.packing.table import PartitionColumns
from tickloom.store.formats import format_of


class StoredRows:
    """Reads a partition's stored contracts once, in the order in which they are asked for."""

    def __init__(self, path: Path | None, runs: Sequence[Run], columns: PartitionColumns) -> None:
        self._columns = columns
        self._tables: Iterator[pa.Table] = iter(())
        ranges = [(rows.first_row, rows.rows) for run in runs for rows in run.stored]
        if path is not None and ranges:
            writer = format_of(path)
            there = writer.summarise(path).columns
            wanted = [name for name in columns.merged if name in there]
            self._tables = writer.scan(path, wanted, ranges)

    def next(self, run: Run) -> Iterator[Rows]:
        """The stored states of ``run``; runs are asked for in their order."""
        for rows in run.stored:
            frame = canonical(self._columns.from_arrow([next(self._tables)]))
            conflicts = {conflict.timestamp: conflict.dominant for conflict in rows.conflicts}
            yield Rows(frame, conflicts)
