"""Puts the slices' results together: by partition first, then into one result."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tickloom.engine.request.resolve import Spread
from tickloom.engine.running.memory import peak_rss
from tickloom.engine.running.plan import PlannedPartition
from tickloom.engine.running.results import (
    RunResult,
    SkippedPartition,
    contract_table,
    in_order,
    trade_table,
)
from tickloom.engine.running.slice_run import CONTRACT_DTYPE, LOG_DTYPE, Job, SliceResult
from tickloom.errors import StoreError
from tickloom.store.layout import PartitionKey

if TYPE_CHECKING:
    import polars as pl


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
            peaks=highest(pair for r in parts for pair in r.peaks.items()),
        )
        for partition, parts in zip(planned, by_partition, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The results of some partitions, in columns: objects for each contract of 10,000 partitions
    would take a gigabyte."""

    table: pl.DataFrame
    """One row per contract, as in :class:`RunResult`."""

    log: npt.NDArray[np.void]
    """:data:`LOG_DTYPE`; contracts are counted over ``table``."""

    partitions: int
    """Partitions run over."""

    hot: int
    """Those of them that were read from the hot tier."""

    skipped: tuple[SkippedPartition, ...]
    """Partitions left out."""

    rows_read: int
    """Rows taken from the files."""

    peaks: Mapping[int, int]
    """Process to the most memory that it has used, bytes."""

    @classmethod
    def of(cls, runs: Sequence[PartitionRun]) -> Batch:
        """The results of ``runs``, which are in store order."""
        used = [run for run in runs if not run.all_null]
        results = np.concatenate([np.zeros(0, CONTRACT_DTYPE), *(run.contracts for run in used)])
        return cls(
            table=contract_table([(run.key, run.planned.contracts) for run in used], results),
            log=_joined([run.log for run in used], [len(run.contracts) for run in used]),
            partitions=len(used),
            hot=sum(run.planned.hot is not None for run in used),
            skipped=tuple(
                SkippedPartition(str(run.key), run.all_null, run.planned.rows)
                for run in runs
                if run.all_null
            ),
            rows_read=sum(run.rows_read for run in runs),
            peaks=highest(pair for run in runs for pair in run.peaks.items()),
        )


def collect(
    batches: Sequence[Batch],
    job: Job,
    spread: Spread,
    *,
    elapsed_s: float,
    compile_s: float,
) -> RunResult:
    """The result of a run over these partitions.

    Raises :class:`StoreError` if each of them lacks a column that the kernel needs.
    """
    import polars as pl

    skipped = tuple(each for batch in batches for each in batch.skipped)
    if skipped and not any(batch.partitions for batch in batches):
        raise no_values(skipped, job)
    table = pl.concat([batch.table for batch in batches], rechunk=True)
    log = _joined([batch.log for batch in batches], [batch.table.height for batch in batches])
    peaks = [pair for batch in batches for pair in batch.peaks.items()]
    return RunResult(
        kernel=job.spec.name,
        params=job.params._asdict(),
        fill=job.fill.mode,
        latency=job.fill.latency,
        stale_ms=job.fill.stale_ms,
        cost_model="none" if job.costs is None else str(job.costs),
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
        partitions_skipped=skipped,
        executor=spread.executor.name,
        workers=spread.workers,
        hot_partitions=sum(batch.hot for batch in batches),
        elapsed_s=elapsed_s,
        compile_s=compile_s,
        peak_rss_mb=sum(highest([(os.getpid(), peak_rss()), *peaks]).values()) / 2**20,
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


def highest(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """The highest number of each key."""
    peaks: dict[int, int] = {}
    for process, peak in pairs:
        peaks[process] = max(peak, peaks.get(process, 0))
    return peaks


def no_values(skipped: Sequence[SkippedPartition], job: Job) -> StoreError:
    """The error for partitions that all lack a column."""
    return StoreError(
        f"kernel {job.spec.name!r} with fill {job.fill.mode!r} needs the columns "
        f"{', '.join(job.names)}; {skipped[0].column!r} holds nothing but nulls in "
        f"{skipped[0].partition}, and every one of the {len(skipped)} selected partitions lacks "
        "one of them; choose other partitions, or a kernel or fill that does without"
    )
