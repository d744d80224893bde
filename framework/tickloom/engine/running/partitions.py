"""One run: all selected partitions, each from one state of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tickloom.engine.loading.kernel import CompiledKernel
from tickloom.engine.running.collect import Batch, PartitionRun, gather
from tickloom.engine.running.plan import slices
from tickloom.engine.running.prepare import Preparer, Progress
from tickloom.engine.running.reread import settled
from tickloom.engine.running.slice_run import execute
from tickloom.store.api import Partition

BATCH_PARTITIONS: Final = 512
"""Partitions that are planned at a time."""


def run_partitions(preparer: Preparer[CompiledKernel], progress: Progress | None) -> list[Batch]:
    """The results of every selected partition, in store order.

    Raises :class:`UsageError` if no contract is selected.
    """
    through = 0

    def once(pending: Sequence[Partition]) -> list[PartitionRun]:
        planned = preparer.prepare(pending)
        spread = preparer.spread
        parts = list(slices(planned, spread.workers))
        rows = sum(partition.rows for partition in planned)
        done = row_counter(through + rows + later, progress, through)
        return gather(planned, execute(preparer.job, parts, preparer.loaded, spread, done))

    chosen = preparer.chosen()
    batches = []
    for low in range(0, len(chosen), BATCH_PARTITIONS):
        batch = chosen[low : low + BATCH_PARTITIONS]
        later = sum(p.entry.rows for p in chosen[low + len(batch) :] if p.entry)
        runs = settled(preparer.store, batch, once)
        through += sum(run.planned.rows for run in runs)
        batches.append(Batch.of(runs))
    if not any(batch.partitions or batch.skipped for batch in batches):
        preparer.require_contracts(chosen)
    return batches


def row_counter(total: int, progress: Progress | None, through: int = 0) -> Callable[[int], None]:
    """A function that adds rows up and tells ``progress``."""

    def done(rows: int) -> None:
        nonlocal through
        through += rows
        if progress is not None:
            progress(through, total)

    return done
