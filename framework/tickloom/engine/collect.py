"""Puts the slices' results together: by partition first, then into one result."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickloom.engine.memory import peak_rss
from tickloom.engine.plan import PlannedPartition
from tickloom.engine.request import Spread
from tickloom.engine.results import (
    RunResult,
    SkippedPartition,
    contract_table,
    in_order,
    trade_table,
)
from tickloom.engine.run import CONTRACT_DTYPE, LOG_DTYPE, Job, SliceResult
from tickloom.errors import StoreError
from tickloom.store.layout import PartitionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionRun:
    """What became of one partition."""

    planned: PlannedPartition
    """The partition and its selected contracts."""

    contracts: npt.NDArray[np.void]
    """:data:`CONTRACT_DTYPE`, one for each selected contract."""

    log: npt.NDArray[np.void]
    """:data:`LOG_DTYPE`, by contract and entry."""

    rows_read: int
    """Rows taken from the file."""

    all_null: str
    """A column that the kernel needs and that holds nothing but nulls; empty: none."""

    peaks: Mapping[int, int]
    """Process to the most memory that it has used, bytes."""

    @property
    def key(self) -> PartitionKey:
        """Date and underlying."""
        return self.planned.key

    def confirm(self) -> None:
        """Raise :class:`PartitionChangedError` if another file was put in its place meanwhile."""
        self.planned.partition.confirm()


def gather(
    planned: Sequence[PlannedPartition], results: Sequence[SliceResult]
) -> list[PartitionRun]:
    """The slices' results by partition; both are in store order."""
    by_partition: list[list[SliceResult]] = [[] for _ in planned]
    for result in results:
        by_partition[result.part.partition].append(result)
    return [
        PartitionRun(
            planned=partition,
            contracts=np.concatenate([r.contracts for r in parts]),
            log=np.concatenate([r.log for r in parts]),
            rows_read=sum(r.rows_read for r in parts),
            all_null=next((r.all_null for r in parts if r.all_null), ""),
            peaks=highest((r.process, r.peak_rss) for r in parts),
        )
        for partition, parts in zip(planned, by_partition, strict=True)
    ]


def collect(
    runs: Sequence[PartitionRun],
    job: Job,
    spread: Spread,
    *,
    elapsed_s: float,
    compile_s: float,
) -> RunResult:
    """The result of a run over these partitions.

    Raises :class:`StoreError` if each of them lacks a column that the kernel needs.
    """
    used = [run for run in runs if not run.all_null]
    skipped = [(str(r.key), r.all_null, r.planned.rows) for r in runs if r.all_null]
    if runs and not used:
        raise no_values(skipped, job)
    results = np.concatenate([np.zeros(0, CONTRACT_DTYPE), *(run.contracts for run in used)])
    contracts = [(i, c) for i, run in enumerate(used) for c in run.planned.contracts]
    table = contract_table([run.key for run in used], contracts, results)
    peaks = highest(
        [(os.getpid(), peak_rss()), *(pair for run in runs for pair in run.peaks.items())]
    )
    return RunResult(
        kernel=job.spec.name,
        params=job.params._asdict(),
        fill=job.fill.mode,
        partitions=len(used),
        contracts=len(contracts),
        rows=sum(run.planned.rows for run in used),
        rows_skipped=int(results["skipped"].sum()),
        rows_read=sum(run.rows_read for run in runs),
        trades=int(results["trades"].sum()),
        pnl=in_order(results["pnl"]),
        costs=in_order(results["costs"]),
        unfilled=int(results["unfilled"].sum()),
        partial=int(results["partial"].sum()),
        partitions_skipped=tuple(SkippedPartition(*each) for each in skipped),
        executor=spread.executor.name,
        workers=spread.workers,
        hot_partitions=sum(run.planned.hot is not None for run in used),
        elapsed_s=elapsed_s,
        compile_s=compile_s,
        peak_rss_mb=sum(peaks.values()) / 2**20,
        table=table,
        trade_log=trade_table(table, _trades(used)) if job.variant.logged else None,
    )


def _trades(runs: Sequence[PartitionRun]) -> npt.NDArray[np.void]:
    """All trades, with contracts counted over the run."""
    log = np.concatenate([np.zeros(0, LOG_DTYPE), *(run.log for run in runs)])
    firsts = np.cumsum([0, *(len(run.contracts) for run in runs)])[:-1]
    log["contract"] += np.repeat(firsts, [len(run.log) for run in runs])
    return log


def highest(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """The highest number of each key."""
    peaks: dict[int, int] = {}
    for process, peak in pairs:
        peaks[process] = max(peak, peaks.get(process, 0))
    return peaks


def no_values(skipped: Sequence[tuple[str, str, int]], job: Job) -> StoreError:
    """The error for partitions that all lack a column: name, column and rows of each."""
    partition, column, _ = skipped[0]
    return StoreError(
        f"kernel {job.spec.name!r} needs the columns {', '.join(job.names)}; {column!r} holds "
        f"nothing but nulls in {partition}, and every one of the {len(skipped)} selected "
        "partitions lacks one of them; choose other partitions, or a kernel that does without"
    )
