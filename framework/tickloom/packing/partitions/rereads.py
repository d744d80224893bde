"""What a worker does with a partition whose sources are read anew by another version: count the
rows that the store does not have of them, source by source."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickloom.packing.bins.mixed import UNIT, MixedBlock
from tickloom.packing.bins.reader import BinReader
from tickloom.packing.merging.large_runs import LargeRun, is_large
from tickloom.packing.merging.many_runs import ManyRuns
from tickloom.packing.merging.merge import WHEN, Ints
from tickloom.packing.merging.runs import NumberedBin, Run, find_runs
from tickloom.packing.merging.stored_rows import StoredRows
from tickloom.packing.partitions.clocks import Clock
from tickloom.packing.rows.table import PartitionColumns
from tickloom.packing.rows.transforms import partition_transforms
from tickloom.packing.workers.calendars import load_calendar
from tickloom.schema import Column
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.index import ContractIndex

if TYPE_CHECKING:
    import polars as pl


class RereadTask(NamedTuple):
    """The new readings that a partition has rows of."""

    key: PartitionKey
    """Day and underlying."""

    bins: tuple[NumberedBin, ...]
    """New rows, by unit."""

    mixed: tuple[MixedBlock, ...]
    """New rows of many contracts."""

    excluded: frozenset[int]
    """Units whose rows in ``mixed`` do not count."""

    stored: tuple[Path, ContractIndex]
    """File and index of the partition as it is."""

    clock: Clock | None
    """Clock and calendar of the underlying."""

    calendar_file: Path | None
    """The file of ``--calendar``."""

    columns: tuple[Column, ...]
    """Columns of the partition, in their order on disk."""

    folder: Path
    """For rows that do not fit into memory."""

    batch_rows: int
    """About how many rows are looked at together."""


def count_missing(task: RereadTask) -> Counter[int]:
    """How many rows of each unit the partition does not have."""
    derived = {name for t in partition_transforms(task.key.instrument) for name in t.gives}
    columns = PartitionColumns(task.columns, derived)
    clock = task.clock
    calendar = load_calendar(clock.calendar, task.calendar_file) if clock else None
    path, index = task.stored
    runs = [
        run
        for run in find_runs(task.bins, index, calendar, task.mixed)
        if run.bins or run.mixed  # of what nobody gives, nothing is asked
    ]
    large = {run.key for run in runs if is_large(run, task.batch_rows)}
    stored = StoredRows(path, [run for run in runs if run.key not in large], columns, calendar)
    with closing(ManyRuns(task.key, task.mixed, task.excluded, columns, task.folder)) as many:
        bins = BinReader()
        found: Counter[int] = Counter()
        for run in runs:
            if run.key in large:
                whole = many.as_bins(run)
                for unit, mine in whole.bins.items():
                    one = Run(run.key, run.names, {unit: mine}, run.stored)
                    merged = LargeRun(one, stored, bins, columns).merged(
                        task.batch_rows, task.folder
                    )
                    found[unit] += merged.height - sum(part.rows.rows for part in run.stored)
                continue
            before = [rows.frame for rows in stored.next(run)]
            new = many.new_rows([run], bins)
            if new is not None:
                frame = new.frame.drop(WHEN).with_columns(_series(UNIT, new.unit))
                found += _missing(frame, before, list(columns.identity))
    return found


def _missing(frame: pl.DataFrame, before: list[pl.DataFrame], identity: list[str]) -> Counter[int]:
    """Rows of ``frame`` by unit that are not, or not as often, in the frames ``before``."""
    import polars as pl

    wanted = frame.group_by(UNIT, *identity).len("wanted")
    short = pl.col("wanted").cast(pl.Int64)
    if before:
        # Of each row the largest count of any of them, like the merge.
        counts = [one.select(identity).group_by(identity).len("stored") for one in before]
        there = pl.concat(counts).group_by(identity).agg(pl.col("stored").max())
        wanted = wanted.join(there, on=identity, how="left", nulls_equal=True)
        short = (short - pl.col("stored").cast(pl.Int64).fill_null(0)).clip(0)
    sums = wanted.group_by(UNIT).agg(short.sum().alias("missing"))
    return Counter(dict(sums.select(UNIT, "missing").iter_rows()))


def _series(name: str, values: Ints) -> pl.Series:
    import polars as pl

    return pl.Series(name, values, pl.Int64)
