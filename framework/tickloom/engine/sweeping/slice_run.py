"""One slice of a sweep: every parameter set over the same rows, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tickloom.engine.columns.scan import Scan
from tickloom.engine.columns.slices import Slice
from tickloom.engine.kernels.variant import Variant
from tickloom.engine.running.memory import peak_rss
from tickloom.engine.running.slice_run import Job, contract_facts, slice_costs
from tickloom.engine.sweeping.kernel import CompiledSweep, load_sweep
from tickloom.specs import KernelSpec

Sweeps = Mapping[Variant, CompiledSweep]
"""A kernel, compiled for sweeps in every variant that the slices need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptSlice:
    """What became of one slice."""

    part: Slice
    """The slice."""

    pnl: npt.NDArray[np.float64]
    """Profit, shape (sets, contracts of the slice)."""

    trades: npt.NDArray[np.int64]
    """Trades opened, shape (sets,)."""

    skipped: int
    """Rows without a usable price."""

    rows_read: int
    """Rows taken from the file."""

    all_null: str
    """A column that holds nothing but nulls in the whole partition; empty: there is none."""

    process: int
    """The process that did it."""

    peak_rss: int
    """The most memory that process has used, bytes."""


def sweep_slice(job: Job, part: Slice, sweeps: Sweeps | None = None) -> SweptSlice:
    """Run every record of ``job.params`` over one slice; without ``sweeps`` (in another process)
    one is loaded from the cache."""
    variant = job.variant_for(part.hot)
    compiled = sweeps[variant] if sweeps else _loaded(job.spec, variant)
    pnl = np.zeros((len(job.params), len(part.starts)))
    trades = np.zeros(len(job.params), np.int64)
    skipped = 0
    scan = Scan(part, job.names)
    for block in scan:
        span = slice(block.low, block.low + len(block.offsets) - 1)
        found = compiled(
            job.params,
            block.offsets,
            block.columns,
            facts=contract_facts(part, span) if compiled.needs_facts else None,
            fill=job.fill,
            costs=slice_costs(job, part, span),
        )
        pnl[:, span] = found.pnl
        trades += found.trades.sum(axis=1)
        skipped += int(found.skipped.sum())
    return SweptSlice(
        part=part,
        pnl=pnl,
        trades=trades,
        skipped=skipped,
        rows_read=scan.rows_read,
        all_null=scan.all_null(),
        process=os.getpid(),
        peak_rss=peak_rss(),
    )


@lru_cache(maxsize=8)
def _loaded(spec: KernelSpec, variant: Variant) -> CompiledSweep:
    return load_sweep(spec, variant)
