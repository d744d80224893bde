"""One run: all selected partitions, each from one state of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tickloom.engine.collect import PartitionRun, gather
from tickloom.engine.compiled import CompiledKernel
from tickloom.engine.plan import slices
from tickloom.engine.prepare import Preparer, Progress
from tickloom.engine.reread import settled
from tickloom.engine.run import execute
from tickloom.store.api import Partition


def run_partitions(
    preparer: Preparer[CompiledKernel], progress: Progress | None
) -> list[PartitionRun]:
    """The results of every selected partition, in store order.

    Raises :class:`UsageError` if no contract is selected.
    """

    def once(pending: Sequence[Partition]) -> list[PartitionRun]:
        planned = preparer.prepare(pending)
        spread = preparer.spread
        parts = list(slices(planned, spread.workers))
        done = row_counter(sum(part.rows for part in planned), progress)
        return gather(planned, execute(preparer.job, parts, preparer.loaded, spread, done))

    chosen = preparer.chosen()
    runs = settled(preparer.store, chosen, once)
    if not runs:
        preparer.require_contracts(chosen)
    return runs


def row_counter(total: int, progress: Progress | None, through: int = 0) -> Callable[[int], None]:
    """A function that adds rows up and tells ``progress``."""

    def done(rows: int) -> None:
        nonlocal through
        through += rows
        if progress is not None:
            progress(through, total)

    return done
