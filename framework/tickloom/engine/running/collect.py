"""Puts partitions' results together: batches of columns first, then one result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tickloom.engine.running.one_set import CONTRACT_DTYPE, LOG_DTYPE, ContractsFound
from tickloom.engine.running.outcome import SkippedPartition, no_values, told
from tickloom.engine.running.prepare import Preparer
from tickloom.engine.running.results import RunResult
from tickloom.engine.running.tables import contract_table, in_order, trade_table
from tickloom.engine.running.walk import BATCH_PARTITIONS, PartitionResult, Walk
from tickloom.progress import Progress

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The results of some partitions, in columns: objects for each contract of 10,000 partitions
    would take a gigabyte."""

    table: pl.DataFrame
    """One row per contract, as in :class:`RunResult`."""

    log: npt.NDArray[np.void]
    """:data:`LOG_DTYPE`; contracts are counted over the rows of ``table``."""

    partitions: int
    """Partitions run over."""

    hot: int
    """Those among them that were read from the hot tier."""

    skipped: tuple[SkippedPartition, ...]
    """Partitions left out."""

    rows_read: int
    """Rows taken from the files."""

    @classmethod
    def of(cls, results: Sequence[PartitionResult[ContractsFound]]) -> Batch:
        """``results``, which are in store order."""
        used = [result for result in results if not result.all_null]
        found = [part.found for result in used for part in result.slices]
        rows = np.concatenate([np.zeros(0, CONTRACT_DTYPE), *(each.contracts for each in found)])
        logs = [
            np.concatenate(
                [np.zeros(0, LOG_DTYPE), *(log for part in each.slices for log in part.found.logs)]
            )
            for each in used
        ]
        return cls(
            table=contract_table([(each.key, each.planned.contracts) for each in used], rows),
            log=_joined(logs, [len(each.planned.contracts) for each in used]),
            partitions=len(used),
            hot=sum(each.planned.hot is not None for each in used),
            skipped=tuple(
                SkippedPartition(str(each.key), each.all_null, each.planned.rows)
                for each in results
                if each.all_null
            ),
            rows_read=sum(each.rows_read for each in results),
        )


def run_over(
    preparer: Preparer[ContractsFound],
    progress: Progress | None,
    elapsed: Callable[[Preparer[Any]], float],
) -> RunResult:
    """The result of a run over the selected partitions; ``elapsed`` is a running stopwatch.

    Raises :class:`UsageError` if no contract is selected, and :class:`StoreError` if each selected
    partition lacks a column that the kernel needs.
    """
    chosen = preparer.chosen()
    walk = Walk(preparer, progress)
    with closing(walk.over(chosen)) as results:
        batches = [Batch.of(some) for some in _some(results)]
    if not any(batch.partitions or batch.skipped for batch in batches):
        preparer.require_contracts(chosen)
    seconds = elapsed(preparer)
    skipped = [each for batch in batches for each in batch.skipped]
    if skipped and not any(batch.partitions for batch in batches):
        raise no_values(skipped, preparer.job)
    outcome = told(preparer, elapsed_s=seconds, skipped=skipped, peaks=walk.peaks)
    return _result(batches, preparer, outcome)


def _some(
    results: Iterator[PartitionResult[ContractsFound] | None],
) -> Iterator[list[PartitionResult[ContractsFound]]]:
    """``results`` in lists of :data:`BATCH_PARTITIONS` or less; one list at least."""
    some: list[PartitionResult[ContractsFound]] = []
    for result in results:
        if len(some) == BATCH_PARTITIONS:
            yield some
            some = []
        if result is not None:
            some.append(result)
    yield some


def _result(
    batches: Sequence[Batch], preparer: Preparer[ContractsFound], outcome: dict[str, Any]
) -> RunResult:
    import polars as pl

    job = preparer.job
    table = pl.concat([batch.table for batch in batches], rechunk=True)
    log = _joined([batch.log for batch in batches], [batch.table.height for batch in batches])
    return RunResult(
        **outcome,
        params=job.params._asdict(),
        partitions=sum(batch.partitions for batch in batches),
        contracts=table.height,
        rows=int(table["rows"].sum()),
        rows_skipped=int(table["rows_skipped"].sum()),
        rows_read=sum(batch.rows_read for batch in batches),
        trades=int(table["trades"].sum()),
        pnl=in_order(table["pnl"].to_numpy()),
        costs=in_order(table["costs"].to_numpy()),
        unfilled=int(table["unfilled"].sum()),
        partial=int(table["partial"].sum()),
        hot_partitions=sum(batch.hot for batch in batches),
        table=table,
        trade_log=trade_table(table, log) if job.variant.logged else None,
    )


def _joined(logs: Sequence[npt.NDArray[np.void]], contracts: Sequence[int]) -> npt.NDArray[np.void]:
    """The logs one after another, with contracts counted over all of them: each log counts its
    own, and ``contracts`` says how many those are."""
    joined = np.concatenate([np.zeros(0, LOG_DTYPE), *logs])
    firsts = np.cumsum([0, *contracts])[:-1]
    joined["contract"] += np.repeat(firsts, [len(log) for log in logs])
    return joined
