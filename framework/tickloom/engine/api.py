"""Running kernels over a store: what ``tickloom.run`` and the command line share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike

from tickloom.contracts import Right
from tickloom.engine import arguments
from tickloom.engine.kernels.variant import Variant, required_columns
from tickloom.engine.loading.kernel import load_kernel
from tickloom.engine.loading.plans import Announce
from tickloom.engine.orders import CostModel, FillModel
from tickloom.engine.request.grid import parameter_sets
from tickloom.engine.request.parameters import make_params
from tickloom.engine.request.resolve import (
    Day,
    StorePath,
    costs_of,
    fill_of,
    filters_of,
    folder_of,
    grid_of,
    hot_of,
    kernel_of,
    params_of,
    spread_of,
    store_of,
)
from tickloom.engine.running.collect import collect
from tickloom.engine.running.partitions import run_partitions
from tickloom.engine.running.prepare import Preparer, Progress, stopwatch
from tickloom.engine.running.results import RunResult
from tickloom.engine.running.slice_run import Job
from tickloom.engine.sweeping.kernel import load_sweep
from tickloom.engine.sweeping.partitions import run_sweep
from tickloom.engine.sweeping.results import SweepResult
from tickloom.specs import KernelSpec


def run(
    kernel: str | KernelSpec,
    store: StorePath,
    *,
    params: Mapping[str, object] | None = None,
    underlyings: str | Sequence[str] = (),
    start: Day | None = None,
    end: Day | None = None,
    expiry: Day | Sequence[Day] = (),
    strikes: tuple[float, float] | None = None,
    right: Right | None = None,
    fill: str = "last",
    latency: str | int = 0,
    stale_ms: float = 0,
    costs: str = "none",
    executor: str = "threads",
    workers: int | None = None,
    log: bool = False,
    out: str | PathLike[str] | None = None,
    hot: bool | None = None,
    progress: Progress | None = None,
    announce: Announce | None = None,
) -> RunResult:
    """Run ``kernel`` over the contracts of ``store`` that the filters select.

    ``params`` overrides the kernel's defaults. Ranges (days, strikes) include both ends. ``fill``
    is ``last``, ``touch`` or ``depth``; ``latency`` a number of ticks (``3``) or of milliseconds
    (``'250ms'``); ``stale_ms`` the milliseconds after which an unchanged quote fills nothing.
    ``costs`` is ``none``, ``nse`` or amounts like ``'fee=1.5,lot=75'``; with costs, profits are
    money after them. ``log`` keeps a trade log; ``out`` is a folder that gets the results, trade
    log included.
    ``hot``: read the hot tier, building what is missing (True), never (False), or where it exists.
    ``announce`` is told what is compiled.

    The result is bit-identical for any ``executor``, ``workers`` and cut of the work. Raises
    :class:`UsageError` for what does not exist, :class:`StoreError` for a store that is damaged or
    not sorted, or that has no values in a column that the kernel needs.
    """
    arguments.called("progress", progress)
    arguments.called("announce", announce)
    elapsed = stopwatch()
    opened = store_of(store)
    spec = kernel_of(kernel)
    record = make_params(spec, params_of(params))
    model = fill_of(fill, latency, stale_ms)
    paid = costs_of(costs)
    folder = folder_of(out)
    logged = arguments.flag("log", log) or folder is not None
    preparer = Preparer(
        store=opened,
        filters=filters_of(underlyings, start, end, expiry, strikes, right),
        job=_job(spec, record, model, paid, logged=logged),
        spread=spread_of(executor, workers),
        hot=hot_of(hot),
        load=lambda wanted: load_kernel(spec, wanted, announce=announce),
        announce=announce,
    )
    batches = run_partitions(preparer, progress)
    seconds = elapsed(preparer)
    result = collect(
        batches, preparer.job, preparer.spread, elapsed_s=seconds, compile_s=preparer.compile_s
    )
    if folder is not None:
        result.save(folder)
    return result


def sweep(
    kernel: str | KernelSpec,
    store: StorePath,
    *,
    grid: Mapping[str, str | Sequence[object]],
    params: Mapping[str, object] | None = None,
    underlyings: str | Sequence[str] = (),
    start: Day | None = None,
    end: Day | None = None,
    expiry: Day | Sequence[Day] = (),
    strikes: tuple[float, float] | None = None,
    right: Right | None = None,
    fill: str = "last",
    latency: str | int = 0,
    stale_ms: float = 0,
    costs: str = "none",
    executor: str = "threads",
    workers: int | None = None,
    out: str | PathLike[str] | None = None,
    hot: bool | None = None,
    progress: Progress | None = None,
    announce: Announce | None = None,
) -> SweepResult:
    """Run ``kernel`` with every combination of ``grid`` in one pass over the data.

    ``grid`` maps parameters to values, or to text like ``'3:10'`` or ``'15,18,21'``. Each set's
    profit and trades are those of a :func:`run` of its own. ``out`` is a folder that gets the
    table; a sweep that was interrupted there continues where it was. The other arguments and the
    errors are those of :func:`run`.
    """
    arguments.called("progress", progress)
    arguments.called("announce", announce)
    elapsed = stopwatch()
    opened = store_of(store)
    spec = kernel_of(kernel)
    values = grid_of(grid)
    sets = parameter_sets(spec, values, params_of(params))
    model = fill_of(fill, latency, stale_ms)
    paid = costs_of(costs)
    folder = folder_of(out)
    preparer = Preparer(
        store=opened,
        filters=filters_of(underlyings, start, end, expiry, strikes, right),
        job=_job(spec, tuple(sets), model, paid),
        spread=spread_of(executor, workers),
        hot=hot_of(hot),
        load=lambda wanted: load_sweep(spec, wanted, announce=announce),
        announce=announce,
    )
    result = run_sweep(preparer, tuple(values), folder, progress, elapsed)
    if folder is not None:
        result.save(folder)
    return result


def _job(
    spec: KernelSpec,
    params: object,
    fill: FillModel,
    costs: CostModel | None,
    *,
    logged: bool = False,
) -> Job:
    variant = Variant.of(fill, costs=costs is not None, logged=logged)
    return Job(
        spec=spec,
        params=params,
        variant=variant,
        fill=fill,
        costs=costs,
        columns=required_columns(spec, variant),
    )
