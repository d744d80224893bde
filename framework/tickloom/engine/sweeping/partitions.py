"""Many parameter sets in one pass: slices in store order, folded into totals as they arrive.

A single run schedules the largest slice first and adds up at the end; a sweep would have to keep
sets x contracts profits for that. It goes through the store in order instead, a few slices ahead of
the one that is added, so that its memory does not grow with the store.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, Final

import numpy as np

from tickloom.engine.columns.slices import Slice
from tickloom.engine.running.collect import highest, no_values
from tickloom.engine.running.memory import peak_rss
from tickloom.engine.running.partitions import row_counter
from tickloom.engine.running.plan import PlannedPartition, slices
from tickloom.engine.running.prepare import Preparer, Progress
from tickloom.engine.running.reread import ATTEMPTS, was_replaced
from tickloom.engine.running.results import SkippedPartition
from tickloom.engine.running.slice_run import check_picklable
from tickloom.engine.sweeping.kernel import CompiledSweep
from tickloom.engine.sweeping.results import SweepResult
from tickloom.engine.sweeping.slice_run import SweptSlice, sweep_slice
from tickloom.engine.sweeping.totals import Checkpoint, Totals, sweep_key
from tickloom.errors import StoreError, UsageError
from tickloom.store.api import Partition
from tickloom.store.layout import PartitionKey

AHEAD: Final = 2
"""Slices per worker that may be under way or wait to be added."""


def run_sweep(
    preparer: Preparer[CompiledSweep],
    grid: tuple[str, ...],
    folder: Path | None,
    progress: Progress | None,
    elapsed: Callable[[Preparer[Any]], float],
) -> SweepResult:
    """Sweep over the selected partitions; ``folder`` keeps an unfinished sweep.

    ``elapsed`` is a running stopwatch. Raises :class:`UsageError` if no contract is selected or
    ``folder`` cannot be made, and :class:`StoreError` if no partition has values in every column
    that the kernel needs.
    """
    chosen = preparer.chosen()
    checkpoint = None
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write the results to {folder}: {error}") from error
        key = sweep_key(preparer.job, preparer.filters, chosen)
        checkpoint = Checkpoint(folder, key)
    totals = checkpoint.load() if checkpoint else None
    totals = totals or Totals.zero(len(preparer.job.params))
    resumed, before = totals.through, totals.counts["rows"]
    sweeper = Sweeper(preparer, checkpoint, progress)
    sweeper.run(chosen, totals)
    seconds = elapsed(preparer)
    skipped = [SkippedPartition(*each) for each in totals.skipped]
    if not totals.counts["partitions"]:
        if skipped:
            raise no_values(skipped, preparer.job)
        preparer.require_contracts(chosen)
    if checkpoint:
        checkpoint.clear()
    return _result(preparer, grid, totals, sweeper, seconds, resumed, before)


def _result(
    preparer: Preparer[CompiledSweep],
    grid: tuple[str, ...],
    totals: Totals,
    sweeper: Sweeper,
    elapsed: float,
    resumed: int,
    before: int,
) -> SweepResult:
    import polars as pl

    job, spread = preparer.job, preparer.spread
    fields = {name: [getattr(record, name) for record in job.params] for name in grid}
    # Of no contract at all it is 0.0, as a run's: what sums start with is -0.0.
    pnl = totals.pnl if totals.counts["contracts"] else np.zeros(len(job.params))
    peaks = highest([(os.getpid(), peak_rss()), *sweeper.peaks.items()])
    return SweepResult(
        kernel=job.spec.name,
        grid=grid,
        fill=job.fill.mode,
        latency=job.fill.latency,
        stale_ms=job.fill.stale_ms,
        cost_model="none" if job.costs is None else str(job.costs),
        partitions_skipped=tuple(SkippedPartition(*skipped) for skipped in totals.skipped),
        executor=spread.executor.name,
        workers=spread.workers,
        resumed=resumed,
        rows_swept=totals.counts["rows"] - before,
        elapsed_s=elapsed,
        compile_s=preparer.compile_s,
        peak_rss_mb=sum(peaks.values()) / 2**20,
        table=pl.DataFrame({**fields, "trades": totals.trades, "pnl": pnl}),
        **totals.counts,
    )


class Sweeper:
    """Runs a sweep partition by partition."""

    def __init__(
        self,
        preparer: Preparer[CompiledSweep],
        checkpoint: Checkpoint | None,
        progress: Progress | None,
    ) -> None:
        self._preparer = preparer
        self._checkpoint = checkpoint
        self._progress = progress
        self.peaks: dict[int, int] = {}
        """Process to the most memory that it has used, bytes."""

    def run(self, chosen: Sequence[Partition], totals: Totals) -> None:
        """Add to ``totals`` the partitions of ``chosen`` that are not in them yet.

        Raises :class:`StoreError` if a partition was replaced again and again.
        """
        job, spread = self._preparer.job, self._preparer.spread
        if not spread.executor.shares_memory:
            check_picklable(job)
        pending = chosen[totals.through :]
        planned = self._preparer.prepare(pending)
        rows = {partition.key: partition.rows for partition in planned}
        before = totals.counts["rows"]
        done = row_counter(before + sum(rows.values()), self._progress, before)
        with spread.executor.start(spread.workers) as pool:
            swept = self._swept(pool, planned)
            try:
                for partition in pending:
                    if partition.key in rows:
                        self._add(totals, partition.key, next(swept))
                        done(rows[partition.key])
                    totals.through += 1
                    if self._checkpoint:
                        self._checkpoint.save(totals)
            finally:
                swept.close()

    def _swept(
        self, pool: Executor, planned: Sequence[PlannedPartition]
    ) -> Generator[list[SweptSlice], None, None]:
        """Each partition's slices, from one state of it."""
        parts = list(slices(planned, self._preparer.spread.workers))
        counts = Counter(part.partition for part in parts)
        stream = self._submitted(pool, parts)
        try:
            for number, partition in enumerate(planned):
                futures = [next(stream) for _ in range(counts[number])]
                try:
                    results = [future.result() for future in futures]
                    partition.partition.confirm()
                except (StoreError, FileNotFoundError):
                    if not was_replaced(partition.partition):
                        raise
                    results = self._again(pool, partition)
                yield results
        finally:
            stream.close()

    def _submitted(
        self, pool: Executor, parts: Sequence[Slice]
    ) -> Generator[Future[SweptSlice], None, None]:
        """The slices' futures in order, a few of them submitted ahead."""
        waiting: deque[Future[SweptSlice]] = deque()
        try:
            for part in parts:
                waiting.append(self._submit(pool, part))
                if len(waiting) > AHEAD * self._preparer.spread.workers:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
        finally:
            for future in waiting:
                future.cancel()

    def _submit(self, pool: Executor, part: Slice) -> Future[SweptSlice]:
        if self._preparer.spread.executor.shares_memory:
            return pool.submit(sweep_slice, self._preparer.job, part, self._preparer.loaded)
        return pool.submit(sweep_slice, self._preparer.job, part)

    def _again(self, pool: Executor, partition: PlannedPartition) -> list[SweptSlice]:
        """A partition that was replaced while it was read."""
        for _ in range(ATTEMPTS):
            self._preparer.store.reload()
            now = self._preparer.store.partition(partition.key)
            try:
                planned = self._preparer.prepare([now])
                futures = [self._submit(pool, part) for part in slices(planned, 1)]
                results = [future.result() for future in futures]
                now.confirm()
            except (StoreError, FileNotFoundError):
                if not was_replaced(now):
                    raise
                continue
            return results
        raise StoreError(
            f"{partition.key} was replaced each time it was read; run again when the packing is "
            "done"
        )

    def _add(self, totals: Totals, key: PartitionKey, results: Sequence[SweptSlice]) -> None:
        rows = sum(result.part.total for result in results)
        for result in results:
            self.peaks[result.process] = max(result.peak_rss, self.peaks.get(result.process, 0))
        totals.counts["rows_read"] += sum(result.rows_read for result in results)
        empty = next((result.all_null for result in results if result.all_null), "")
        if empty:
            totals.skipped.append((str(key), empty, rows))
            return
        for result in results:
            totals.add(result.pnl, result.trades)
        totals.counts["partitions"] += 1
        totals.counts["rows"] += rows
        totals.counts["contracts"] += sum(len(result.part.starts) for result in results)
        totals.counts["rows_skipped"] += sum(result.skipped for result in results)
