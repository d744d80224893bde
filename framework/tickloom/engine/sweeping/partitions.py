"""Many parameter sets in one pass: partitions in store order, folded into totals as they arrive.

A run gathers everything and adds up at the end; a sweep would have to keep sets x contracts profits
for that. Its walk stays a few slices ahead of the one that is added, so that its memory does not
grow with the store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np

from tickloom.engine.running.outcome import SkippedPartition, no_values, told
from tickloom.engine.running.prepare import Preparer
from tickloom.engine.running.walk import PartitionResult, Walk
from tickloom.engine.sweeping.many_sets import SetsFound
from tickloom.engine.sweeping.results import SweepResult
from tickloom.engine.sweeping.totals import Checkpoint, Totals, sweep_key
from tickloom.errors import UsageError
from tickloom.progress import Progress
from tickloom.store.api import Partition

AHEAD: Final = 2
"""Slices per worker that may be under way or wait to be added."""


def sweep_over(
    preparer: Preparer[SetsFound],
    grid: tuple[str, ...],
    folder: Path | None,
    progress: Progress | None,
    elapsed: Callable[[Preparer[Any]], float],
) -> SweepResult:
    """The result of a sweep over the selected partitions; ``folder`` keeps an unfinished one.

    ``elapsed`` is a running stopwatch. Raises :class:`UsageError` if no contract is selected or
    ``folder`` cannot be made, and :class:`StoreError` if no partition has values in every column
    that the kernel needs.
    """
    chosen = preparer.chosen()
    checkpoint = _checkpoint(preparer, folder, chosen)
    totals = checkpoint.load() if checkpoint else None
    totals = totals or Totals.zero(len(preparer.job.params))
    resumed, before = totals.through, totals.counts["rows"]
    walk = Walk(preparer, progress, ahead=AHEAD)
    with closing(walk.over(chosen[resumed:], before)) as results:
        for result in results:
            if result is not None:
                add(totals, result)
            totals.through += 1
            if checkpoint:
                checkpoint.save(totals)
    seconds = elapsed(preparer)
    skipped = [SkippedPartition(*each) for each in totals.skipped]
    if not totals.counts["partitions"]:
        if skipped:
            raise no_values(skipped, preparer.job)
        preparer.require_contracts(chosen)
    if checkpoint:
        checkpoint.clear()
    outcome = told(preparer, elapsed_s=seconds, skipped=skipped, peaks=walk.peaks)
    return _result(preparer, grid, totals, outcome, resumed, before)


def _checkpoint(
    preparer: Preparer[SetsFound], folder: Path | None, chosen: Sequence[Partition]
) -> Checkpoint | None:
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write the results to {folder}: {error}") from error
    return Checkpoint(folder, sweep_key(preparer.job, preparer.filters, chosen))


def add(totals: Totals, result: PartitionResult[SetsFound]) -> None:
    """Fold a partition into ``totals``."""
    totals.counts["rows_read"] += result.rows_read
    if result.all_null:
        totals.skipped.append((str(result.key), result.all_null, result.planned.rows))
        return
    for part in result.slices:
        totals.add(part.found.pnl, part.found.trades)
    totals.counts["partitions"] += 1
    totals.counts["rows"] += result.planned.rows
    totals.counts["contracts"] += len(result.planned.contracts)
    totals.counts["rows_skipped"] += sum(part.found.skipped for part in result.slices)


def _result(
    preparer: Preparer[SetsFound],
    grid: tuple[str, ...],
    totals: Totals,
    outcome: dict[str, Any],
    resumed: int,
    before: int,
) -> SweepResult:
    import polars as pl

    params = preparer.job.params
    fields = {name: [getattr(record, name) for record in params] for name in grid}
    # Of no contract at all it is 0.0, as a run's: what sums start with is -0.0.
    pnl = totals.pnl if totals.counts["contracts"] else np.zeros(len(params))
    return SweepResult(
        **(outcome | totals.counts),
        grid=grid,
        resumed=resumed,
        rows_swept=totals.counts["rows"] - before,
        table=pl.DataFrame({**fields, "trades": totals.trades, "pnl": pnl}),
    )
