"""Rows that the store has, on their way into a new version of their partition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from tickloom.errors import StoreError
from tickloom.packing.merging.merge import Ints, Rows, share
from tickloom.packing.merging.runs import Run, StoredPart, names_of
from tickloom.packing.rows.clean import Batch, canonical
from tickloom.packing.rows.table import PartitionColumns
from tickloom.specs import Calendar
from tickloom.store.partitions.formats import format_of
from tickloom.store.partitions.index import ContractRows

if TYPE_CHECKING:
    import pyarrow as pa

_STAMPS: Final = 100_000
"""Timestamps that are looked at together: 0.8 MB."""


class StoredRows:
    """Reads a partition's stored contracts."""

    def __init__(
        self,
        path: Path | None,
        runs: Sequence[Run],
        columns: PartitionColumns,
        calendar: Calendar | None,
    ) -> None:
        """``runs`` are those that :meth:`next` will be asked for. ``calendar`` reads the rows'
        symbols where an entry's names have to be told apart."""
        self._path = path
        self._columns = columns
        self._calendar = calendar
        ranges = [(part.rows.first_row, part.rows.rows) for run in runs for part in run.stored]
        self._tables = self._scan(ranges)

    def next(self, run: Run) -> Iterator[Rows]:
        """The stored states of ``run``; runs are asked for in their order, each once."""
        for part in run.stored:
            rows = self._state(next(self._tables), part)
            if not rows.frame.height:
                raise StoreError(_split_problem(part.rows))
            yield rows

    def stamps(self, run: Run) -> Iterator[Ints]:
        """The timestamps of the stored rows of ``run``, microseconds, a piece at a time."""
        for part in run.stored:
            yield from self._part_stamps(part)

    def _part_stamps(self, part: StoredPart) -> Iterator[Ints]:
        """Raises :class:`StoreError` where the store is not in order."""
        first, end = part.rows.first_row, part.rows.first_row + part.rows.rows
        places = [*range(first, end, _STAMPS), end]
        before = np.iinfo(np.int64).min
        for table in self._scan([(a, b - a) for a, b in pairwise(places)], ["timestamp"]):
            stamps = stamps_of(table)
            if stamps[0] < before or np.any(stamps[1:] < stamps[:-1]):
                raise StoreError(
                    f"{self._path}: the rows of {part.rows.strike:.10g} {part.rows.right} are not "
                    "in order of time; run 'tickloom resort'"
                )
            before = stamps[-1]
            yield stamps

    def between(self, run: Run, cuts: Ints) -> Iterator[list[Rows]]:
        """The stored states of ``run`` from each of ``cuts`` (microseconds) up to the next one; all
        its rows lie between the first and the last of them."""
        parts = [self._part_between(part, cuts) for part in run.stored]
        if not parts:
            yield from ([] for _ in cuts[1:])
        for states in zip(*parts, strict=True):
            yield [rows for rows in states if rows is not None]

    def _part_between(self, part: StoredPart, cuts: Ints) -> Iterator[Rows | None]:
        places = np.full(len(cuts), part.rows.first_row)
        for stamps in self._part_stamps(part):
            places += np.searchsorted(stamps, cuts)
        ranges = [(first, end - first) for first, end in pairwise(places.tolist())]
        tables = self._scan([given for given in ranges if given[1]])
        found = False
        for _, count in ranges:
            rows = self._state(next(tables), part) if count else None
            mine = rows is not None and rows.frame.height > 0
            found |= mine
            yield rows if mine else None
        if not found:
            raise StoreError(_split_problem(part.rows))

    def _scan(
        self, ranges: Sequence[tuple[int, int]], columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        if self._path is None or not ranges:
            return iter(())
        writer = format_of(self._path)
        there = writer.summarise(self._path).columns
        wanted = [name for name in columns or self._columns.merged if name in there]
        return writer.scan(self._path, wanted, ranges)

    def _state(self, table: pa.Table, part: StoredPart) -> Rows:
        frame = canonical(Batch(self._columns.from_arrow([table]))).frame
        stamps = stamps_of(table)
        first, last = int(stamps.min()), int(stamps.max())
        dominant = {
            conflict.timestamp: conflict.dominant
            for conflict in part.rows.conflicts
            if first <= conflict.timestamp <= last
        }
        rows = Rows(frame, dominant)
        return self._share(rows, part) if part.periods else rows

    def _share(self, rows: Rows, part: StoredPart) -> Rows:
        """The rows that the symbols give to the names of ``part``.

        Raises :class:`StoreError` where a symbol does not tell to which name its row belongs.
        """
        assert self._calendar is not None  # nothing else tells names apart
        import polars as pl

        symbols = rows.frame["symbol"].cast(pl.String)
        periods = {name.period for name in names_of(part.rows)}
        found = {}
        for reading in self._calendar.read_names(symbols.unique().drop_nulls().sort().to_list()):
            said = (reading.contract,) if reading.contract else reading.readings
            fitting = {contract.period for contract in said} & periods
            if len(fitting) == 1:
                found[reading.symbol] = fitting.pop()
        owners = symbols.replace_strict(found, default=None, return_dtype=pl.String)
        if owners.null_count():
            raise StoreError(_split_problem(part.rows))
        return share(rows, owners.is_in(sorted(part.periods)).to_numpy())


def stamps_of(table: pa.Table) -> Ints:
    """The timestamps of ``table``, microseconds."""
    import polars as pl

    frame = pl.from_arrow(table.select(["timestamp"]))
    assert isinstance(frame, pl.DataFrame)
    return frame["timestamp"].cast(pl.Datetime("us")).to_physical().to_numpy()


def _split_problem(rows: ContractRows) -> str:
    names = " and ".join(str(name.period) for name in names_of(rows))
    return (
        f"the contracts {names} at {rows.strike:.10g} {rows.right} were merged as one by the "
        "calendar that they were packed with, and their symbols do not tell their rows apart; pack "
        "their sources again with --replace"
    )
