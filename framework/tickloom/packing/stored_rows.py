"""Rows that the store has, on their way into a new version of their partition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa

from tickloom.errors import StoreError
from tickloom.packing.clean_rows import Batch, canonical
from tickloom.packing.merge import Rows, share
from tickloom.packing.runs import Run, StoredPart, names_of
from tickloom.packing.table import PartitionColumns
from tickloom.specs import Calendar
from tickloom.store.formats import format_of
from tickloom.store.index import ContractRows


class StoredRows:
    """Reads a partition's stored contracts once, in the order in which they are asked for."""

    def __init__(
        self,
        path: Path | None,
        runs: Sequence[Run],
        columns: PartitionColumns,
        calendar: Calendar | None,
    ) -> None:
        """``calendar`` reads the rows' symbols where an entry's names have to be told apart."""
        self._columns = columns
        self._calendar = calendar
        self._tables: Iterator[pa.Table] = iter(())
        ranges = [(part.rows.first_row, part.rows.rows) for run in runs for part in run.stored]
        if path is not None and ranges:
            writer = format_of(path)
            there = writer.summarise(path).columns
            wanted = [name for name in columns.merged if name in there]
            self._tables = writer.scan(path, wanted, ranges)

    def next(self, run: Run) -> Iterator[Rows]:
        """The stored states of ``run``; runs are asked for in their order."""
        for part in run.stored:
            frame = canonical(Batch(self._columns.from_arrow([next(self._tables)]))).frame
            dominant = {conflict.timestamp: conflict.dominant for conflict in part.rows.conflicts}
            rows = Rows(frame, dominant)
            yield self._share(rows, part) if part.periods else rows

    def _share(self, rows: Rows, part: StoredPart) -> Rows:
        """The rows that the symbols give to the names of ``part``.

        Raises :class:`StoreError` where a symbol does not tell to which name its row belongs.
        """
        assert self._calendar is not None  # nothing else tells names apart
        symbols = rows.frame["symbol"].cast(pl.String)
        periods = {name.period for name in names_of(part.rows)}
        found = {}
        for reading in self._calendar.read_names(symbols.unique().drop_nulls().sort().to_list()):
            said = (reading.contract,) if reading.contract else reading.readings
            fitting = {contract.period for contract in said} & periods
            if len(fitting) == 1:
                found[reading.symbol] = fitting.pop()
        owners = symbols.replace_strict(found, default=None, return_dtype=pl.String)
        mine = owners.is_in(sorted(part.periods))
        if owners.null_count() or not mine.any():
            raise StoreError(_split_problem(part.rows))
        return share(rows, mine.to_numpy())


def _split_problem(rows: ContractRows) -> str:
    names = " and ".join(str(name.period) for name in names_of(rows))
    return (
        f"the contracts {names} at {rows.strike:.10g} {rows.right} were merged as one by the "
        "calendar that they were packed with, and their symbols do not tell their rows apart; pack "
        "their sources again with --replace"
    )
