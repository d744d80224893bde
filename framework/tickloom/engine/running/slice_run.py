"""Runs a compiled kernel over slices, on any executor, and collects what they give."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tickloom.engine.columns.hot_file import HotFile
from tickloom.engine.columns.scan import Block, Scan
from tickloom.engine.columns.slices import Slice, are_few, largest_first
from tickloom.engine.loading.kernel import CompiledKernel, ContractFacts, Variant, load_kernel
from tickloom.engine.loading.results import TRADE_DTYPE, ContractResults
from tickloom.engine.orders import CostModel, CostTerms, FillModel
from tickloom.engine.request.resolve import Spread
from tickloom.engine.running.memory import peak_rss
from tickloom.errors import UsageError
from tickloom.specs import KernelSpec

if TYPE_CHECKING:
    pass

TIME: Final = "timestamp_ns"
"""The column that gives a trade log its times."""

CONTRACT_DTYPE: Final = np.dtype(
    [
        ("pnl", np.float64),
        ("trades", np.int64),
        ("skipped", np.int64),
        ("costs", np.float64),
        ("unfilled", np.int64),
        ("partial", np.int64),
    ]
)
"""One contract's results; the fields are those of :class:`ContractResults`."""

LOG_DTYPE: Final = np.dtype(
    [*TRADE_DTYPE.descr, ("entry_ns", np.int64), ("exit_ns", np.int64)],
)
"""One trade: contracts are counted over the partition's selected ones, rows over its file; times
are nanoseconds of the exchange's wall clock."""


READ_AHEAD: Final = 1
"""Threads beyond the workers where slices are decoded: Polars does that on threads of its own, and
a worker waits for them meanwhile. On two cores 16 M rows took 185 ms instead of 203."""

Kernels = Mapping[Variant, CompiledKernel]
"""A kernel, compiled for every variant that the slices need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is done to every slice. It can be pickled where the kernel's functions can."""

    spec: KernelSpec
    """The kernel."""

    params: Any
    """Its parameter record; in a sweep, a sequence of them."""

    variant: Variant
    """What the loop is specialised for where slices come straight from their partition."""

    fill: FillModel
    """How orders are filled."""

    costs: CostModel | None
    """What a fill pays; None without costs."""

    columns: tuple[str, ...]
    """What the kernel takes."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns to read: the kernel's, and the time for a trade log."""
        extra = self.variant.logged and TIME not in self.columns
        return (*self.columns, TIME) if extra else self.columns

    def variant_for(self, hot: HotFile | None) -> Variant:
        """The variant for the column types of a slice."""
        if hot is None:
            return self.variant
        return replace(self.variant, dtypes=tuple(hot.types[name] for name in self.columns))


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceResult:
    """What became of one slice."""

    part: Slice
    """The slice."""

    contracts: npt.NDArray[np.void]
    """:data:`CONTRACT_DTYPE` of shape (contracts of the slice,)."""

    log: npt.NDArray[np.void]
    """:data:`LOG_DTYPE`, by contract and entry; empty without a trade log."""

    rows_read: int
    """Rows taken from the file."""

    all_null: str
    """A column that holds nothing but nulls in the whole partition; empty: there is none."""

    peaks: Mapping[int, int]
    """The worker process that did it, and the most memory that it has used, bytes; empty where the
    work was done in the process that collects."""


def run_slice(
    job: Job,
    part: Slice,
    kernels: Kernels | None = None,
) -> SliceResult:
    """Run over one slice; without ``kernels`` (in another process) one is loaded from the cache."""
    variant = job.variant_for(part.hot)
    compiled = kernels[variant] if kernels else _loaded(job.spec, variant)
    contracts = np.zeros(len(part.starts), CONTRACT_DTYPE)
    logs = []
    scan = Scan(part, job.names, in_chunks=compiled.reads_chunks)
    for block in scan:
        span = slice(block.low, block.low + len(block.offsets) - 1)
        found = compiled(
            job.params,
            block.offsets,
            block.chunks.first(len(job.columns)),
            facts=contract_facts(part, span) if compiled.needs_facts else None,
            fill=job.fill,
            costs=slice_costs(job, part, span),
        )
        for field in CONTRACT_DTYPE.fields or ():
            contracts[field][span] = getattr(found, field)
        if job.variant.logged:
            logs.append(_placed(found, block, part, job.names.index(TIME)))
    return SliceResult(
        part=part,
        contracts=contracts,
        log=np.concatenate(logs) if logs else np.zeros(0, LOG_DTYPE),
        rows_read=scan.rows_read,
        all_null=scan.all_null(),
        peaks={} if kernels else {os.getpid(): peak_rss()},
    )


def execute(
    job: Job,
    slices: Sequence[Slice],
    kernels: Kernels,
    spread: Spread,
    done: Callable[[int], None],
) -> list[SliceResult]:
    """Run every slice, the largest first, and return the results in the order of ``slices``.

    ``done(rows)`` is called after each slice. Raises what a slice raised, once those that are
    running are through; the others are not begun. What is too little to share is done at once.
    """
    if not spread.executor.shares_memory:
        check_picklable(job)
    elif are_few(slices):
        return [_at_once(job, part, kernels, done) for part in slices]
    shared = (kernels,) if spread.executor.shares_memory else ()
    decoded = any(part.hot is None for part in slices)
    ahead = READ_AHEAD if spread.executor.shares_memory and decoded else 0
    with spread.executor.start(min(spread.workers + ahead, max(1, len(slices)))) as pool:
        futures = [pool.submit(run_slice, job, part, *shared) for part in largest_first(slices)]
        try:
            for future in as_completed(futures):
                done(future.result().part.total)
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    results = [future.result() for future in futures]
    return sorted(results, key=lambda result: (result.part.partition, result.part.first))


def _at_once(
    job: Job,
    part: Slice,
    kernels: Kernels,
    done: Callable[[int], None],
) -> SliceResult:
    result = run_slice(job, part, kernels)
    done(part.total)
    return result


@lru_cache(maxsize=8)
def _loaded(spec: KernelSpec, variant: Variant) -> CompiledKernel:
    return load_kernel(spec, variant)


def contract_facts(part: Slice, span: slice) -> ContractFacts:
    """What clock fields need to know of the contracts ``span`` of a slice."""
    return ContractFacts(
        expiry_day=part.expiries[span],
        strike=part.strikes[span],
        is_call=part.calls[span].astype(np.int64),
    )


def _placed(found: ContractResults, block: Block, part: Slice, times: int) -> npt.NDArray[np.void]:
    """A block's trades, counted over the partition and its file, with their times, which are in
    the column of number ``times``."""
    assert found.log is not None
    placed = np.zeros(len(found.log), LOG_DTYPE)
    for field in TRADE_DTYPE.names or ():
        placed[field] = found.log[field]
    placed["entry_ns"] = block.chunks.take(times, found.log["entry_row"])
    placed["exit_ns"] = block.chunks.take(times, found.log["exit_row"])
    placed["contract"] += part.first + block.low
    placed["entry_row"] += block.first_row
    placed["exit_row"] += block.first_row
    return placed


def slice_costs(job: Job, part: Slice, span: slice) -> CostTerms | None:
    """What fills of the contracts ``span`` of a slice pay; None without costs."""
    if job.costs is None or part.key is None:
        return None
    return job.costs.terms(part.key.underlying, part.key.date, part.expiries[span])


def check_picklable(job: Job) -> None:
    """Raise :class:`UsageError` if ``job`` cannot be sent to another process."""
    try:
        pickle.dumps(job)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            f"kernel {job.spec.name!r} cannot be sent to worker processes ({error}); define its "
            "functions and parameters at the top of a module, or use --executor threads"
        ) from error
