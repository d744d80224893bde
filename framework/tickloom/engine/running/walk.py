"""The one walk over a store: planned, run slice by slice, handed on partition by partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic

from tickloom.engine.columns.slices import Slice, are_few
from tickloom.engine.running.job import G, SliceResult, run_slice
from tickloom.engine.running.ordered import AtOnce, OrderedResults
from tickloom.engine.running.plan import PlannedPartition, slices
from tickloom.engine.running.prepare import Preparer
from tickloom.engine.running.reread import MAY_BE_REPLACED, steadily, was_replaced
from tickloom.host.answers import start
from tickloom.progress import Progress, counted, untold
from tickloom.store.api import Partition
from tickloom.store.layout import PartitionKey

BATCH_PARTITIONS: Final = 512
"""Partitions that are planned at a time."""

READ_AHEAD: Final = 1
"""Threads beyond the workers where slices are decoded: Polars does that on threads of its own, and
a worker waits for them meanwhile. On two cores 16 M rows took 185 ms instead of 203."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionResult(Generic[G]):
    """What became of one partition, from one state of it."""

    planned: PlannedPartition
    """The partition and its selected contracts."""

    slices: Sequence[SliceResult[G]]
    """Its slices, in store order."""

    @property
    def key(self) -> PartitionKey:
        """Date and underlying."""
        return self.planned.key

    @property
    def rows_read(self) -> int:
        """Rows taken from the file."""
        return sum(result.rows_read for result in self.slices)

    @property
    def all_null(self) -> str:
        """A column that the kernel needs and that holds nothing but nulls; empty: none."""
        return next((result.all_null for result in self.slices if result.all_null), "")


class Walk(Generic[G]):
    """Runs a prepared job over partitions."""

    def __init__(
        self, preparer: Preparer[G], progress: Progress | None, *, ahead: int | None = None
    ) -> None:
        """``ahead``: slices a worker that may be under way or wait for their turn; None: as many as
        are planned at a time, the largest first."""
        self._preparer = preparer
        self._progress = progress or untold
        self._ahead = ahead
        self.peaks: dict[int, int] = {}
        """Process to the most memory that it has used, bytes."""

    def over(
        self, chosen: Sequence[Partition], through: int = 0
    ) -> Generator[PartitionResult[G] | None, None, None]:
        """What became of each partition of ``chosen``, in their order; None where no contract of it
        is selected, or where it is gone by now. ``through``: rows that were done before.

        Raises what a slice raises once those that are running are through, and
        :class:`StoreError` if a partition was replaced again and again.
        """
        with ExitStack() as stack:
            pool: Executor | None = None
            for low in range(0, len(chosen), BATCH_PARTITIONS):
                batch = chosen[low : low + BATCH_PARTITIONS]
                planned = steadily(self._preparer.store, batch, self._preparer.prepare)
                parts = list(slices(planned, self._preparer.spread.workers))
                if pool is None:
                    more = len(chosen) > len(batch)
                    pool = stack.enter_context(self._started(parts, more=more))
                later = sum(p.entry.rows for p in chosen[low + len(batch) :] if p.entry)
                total = through + sum(p.rows for p in planned) + later
                done = counted(self._progress, total, through)
                found = stack.enter_context(closing(self._found(pool, planned, parts, done)))
                keys = {partition.key for partition in planned}
                for partition in batch:
                    yield next(found) if partition.key in keys else None
                through += sum(p.rows for p in planned)

    def _started(self, parts: Sequence[Slice], *, more: bool) -> AbstractContextManager[Executor]:
        """Workers for ``parts``, and for ``more`` that are not planned yet. What is too little to
        share is done at once."""
        spread, job = self._preparer.spread, self._preparer.job
        workers = spread.workers
        if not spread.executor.shares_memory:
            job.check_picklable()
        elif are_few(parts) and not more and spread.timeout is None:
            return AtOnce()
        elif any(part.hot is None for part in parts):
            workers += READ_AHEAD
        wanted = workers if more else min(workers, max(1, len(parts)))
        return start(spread.executor, wanted, spread.timeout)

    def _found(
        self,
        pool: Executor,
        planned: Sequence[PlannedPartition],
        parts: Sequence[Slice],
        done: Callable[[int], None],
    ) -> Generator[PartitionResult[G] | None, None, None]:
        counts = Counter(part.partition for part in parts)
        ordered = self._ordered(pool, parts, lambda part: done(part.total))
        with closing(iter(ordered)) as stream:
            for number, partition in enumerate(planned):
                yield self._from_one_state(
                    pool, partition, [next(stream) for _ in range(counts[number])]
                )

    def _from_one_state(
        self,
        pool: Executor,
        planned: PlannedPartition,
        futures: Sequence[Future[SliceResult[G]]],
    ) -> PartitionResult[G] | None:
        """What the slices of a partition gave; read again where it was replaced meanwhile."""
        try:
            return self._confirmed(planned, futures)
        except MAY_BE_REPLACED:
            if not was_replaced(planned.partition):
                raise
        again = partial(self._alone, pool)
        return steadily(self._preparer.store, [planned.partition], again, replaced=True)

    def _ordered(
        self, pool: Executor, parts: Sequence[Slice], done: Callable[[Slice], None]
    ) -> OrderedResults[SliceResult[G]]:
        spread = self._preparer.spread
        shared = (self._preparer.loaded,) if spread.executor.shares_memory else ()
        window = None if self._ahead is None else self._ahead * spread.workers + 1

        def submit(part: Slice) -> Future[SliceResult[G]]:
            return pool.submit(run_slice, self._preparer.job, part, *shared)

        return OrderedResults(submit, parts, window, done=done, deferred=MAY_BE_REPLACED)

    def _confirmed(
        self, planned: PlannedPartition, futures: Sequence[Future[SliceResult[G]]]
    ) -> PartitionResult[G]:
        """Raises one of :data:`MAY_BE_REPLACED` if the slices are not of one state of it."""
        results = [future.result() for future in futures]
        planned.partition.confirm()
        for result in results:
            known = self.peaks.get(result.process, 0)
            self.peaks[result.process] = max(result.peak_rss, known)
        return PartitionResult(planned=planned, slices=results)

    def _alone(self, pool: Executor, partitions: Sequence[Partition]) -> PartitionResult[G] | None:
        """A partition that was replaced while it was read, read by itself; None if it is gone."""
        planned = self._preparer.prepare(partitions)
        if not planned:
            return None
        parts = list(slices(planned, 1))
        futures = list(self._ordered(pool, parts, lambda part: None))
        return self._confirmed(planned[0], futures)
