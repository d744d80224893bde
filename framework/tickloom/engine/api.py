"""Running kernels over a store: what ``tickloom.run`` and the command line share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, Unpack

from tickloom.engine import arguments
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.kernels.variant import Variant
from tickloom.engine.request.grid import parameter_sets
from tickloom.engine.request.options import Options, takes_options, with_defaults
from tickloom.engine.request.parameters import make_params
from tickloom.engine.request.resolve import Request, StorePath, grid_of, resolve
from tickloom.engine.running.collect import run_over
from tickloom.engine.running.job import Gathered, InnerLoop, Job
from tickloom.engine.running.one_set import OneSet
from tickloom.engine.running.prepare import Preparer, stopwatch
from tickloom.engine.running.results import RunResult
from tickloom.engine.sweeping.many_sets import ManySets
from tickloom.engine.sweeping.partitions import sweep_over
from tickloom.engine.sweeping.results import SweepResult
from tickloom.errors import UsageError
from tickloom.specs import KernelSpec

G = TypeVar("G", bound=Gathered)


@takes_options
def run(
    kernel: str | KernelSpec,
    store: StorePath,
    *,
    log: bool = False,
    checked: bool = False,
    **options: Unpack[Options],
) -> RunResult:
    """Run ``kernel`` over the contracts of ``store`` that the filters select.

    ``params`` overrides the kernel's defaults. Ranges (days, strikes) include both ends. ``fill``
    is ``last``, ``touch`` or ``depth``; ``latency`` a number of ticks (``3``) or of milliseconds
    (``'250ms'``); ``stale_ms`` the milliseconds after which an unchanged quote fills nothing.
    ``costs`` is ``none``, ``nse`` or amounts like ``'fee=1.5,lot=75'``; with costs, profits are
    money after them. ``log`` keeps a trade log; ``out`` is a folder that gets the results, trade
    log included.
    ``hot``: read the hot tier, building what is missing (True), never (False), or where it exists.
    ``announce`` is told what is compiled. ``checked`` also checks the host's own loop, for whoever
    doubts it: what an author's functions index is checked in every run.

    The result is bit-identical for any ``executor``, ``workers`` and cut of the work. Raises
    :class:`UsageError` for what does not exist, :class:`StoreError` for a store that is damaged or
    not sorted, or that has no values in a column that the kernel needs.
    """
    said = with_defaults("run", options)
    elapsed = stopwatch()
    request = resolve(kernel, store, said)
    record = make_params(request.spec, request.given)
    logged = arguments.flag("log", log) or request.folder is not None
    sure = arguments.flag("checked", checked)
    job = _job(OneSet(), request, record, logged=logged, checked=sure)
    preparer = Preparer.of(request, job)
    result = run_over(preparer, request.progress, elapsed)
    if request.folder is not None:
        result.save(request.folder)
    return result


@takes_options
def sweep(
    kernel: str | KernelSpec,
    store: StorePath,
    *,
    grid: Mapping[str, str | Sequence[object]],
    **options: Unpack[Options],
) -> SweepResult:
    """Run ``kernel`` with every combination of ``grid`` in one pass over the data.

    ``grid`` maps parameters to values, or to text like ``'3:10'`` or ``'15,18,21'``. Each set's
    profit and trades are those of a :func:`run` of its own. ``out`` is a folder that gets the
    table; a sweep that was interrupted there continues where it was. The other arguments and the
    errors are those of :func:`run`.
    """
    said = with_defaults("sweep", options)
    elapsed = stopwatch()
    request = resolve(kernel, store, said)
    values = grid_of(grid)
    sets = parameter_sets(request.spec, values, request.given)
    preparer = Preparer.of(request, _job(ManySets(), request, tuple(sets)))
    result = sweep_over(preparer, tuple(values), request.folder, request.progress, elapsed)
    if request.folder is not None:
        result.save(request.folder)
    return result


def _job(
    inner: InnerLoop[G],
    request: Request,
    params: Any,
    *,
    logged: bool = False,
    checked: bool = False,
) -> Job[G]:
    costs = request.costs
    if request.spec.ticks == "quote" and request.fill.mode == "last":
        raise UsageError(
            f"kernel {request.spec.name!r} goes by quotes, whose middle nobody trades at: fill "
            "must be 'touch' or 'depth'; found 'last'"
        )
    variant = Variant.of(request.fill, costs=costs is not None, logged=logged)
    variant = replace(variant, checked=checked)
    return Job(
        inner=inner,
        kernel=Specialised.of(request.spec, variant),
        params=params,
        fill=request.fill,
        costs=costs,
    )
