"""Running kernels over a store: what ``tickloom.run`` and the command line share."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

from tickloom.contracts import Right
from tickloom.engine.collect import collect
from tickloom.engine.loading import Announce
from tickloom.engine.parameters import make_params
from tickloom.engine.request import (
    Day,
    StorePath,
    fill_of,
    filters_of,
    kernel_of,
    spread_of,
    store_of,
)
from tickloom.engine.results import RunResult
from tickloom.engine.run import Job
from tickloom.engine.runner import Progress, Runner
from tickloom.engine.variant import Variant, required_columns
from tickloom.specs import KernelSpec


def run(
    kernel: str | KernelSpec,
    store: StorePath,
    *,
    params: Mapping[str, object] | None = None,
    underlyings: Sequence[str] = (),
    start: Day | None = None,
    end: Day | None = None,
    expiry: Day | Sequence[Day] = (),
    strikes: tuple[float, float] | None = None,
    right: Right | None = None,
    fill: str = "last",
    latency: str = "0",
    stale_ms: float = 0,
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
    is ``last``, ``touch`` or ``depth``; ``latency`` a number of ticks (``'3'``) or milliseconds
    (``'250ms'``); ``stale_ms`` the age, milliseconds, from which an unchanged quote fills nothing.
    ``log`` keeps a trade log; ``out`` is a folder that gets the results, trade log included.
    ``hot``: read the hot tier, building what is missing (True), never (False), or where it exists.
    ``announce`` is told what is compiled.

    The result is bit-identical for any ``executor``, ``workers`` and cut of the work. Raises
    :class:`UsageError` for what does not exist, :class:`StoreError` for a store that is damaged or
    not sorted, or that has no values in a column that the kernel needs.
    """
    started = time.perf_counter()
    opened = store_of(store)
    spec = kernel_of(kernel)
    record = make_params(spec, params or {})
    filters = filters_of(underlyings, start, end, expiry, strikes, right)
    model = fill_of(fill, latency, stale_ms)
    variant = Variant.of(model, logged=log or out is not None)
    spread = spread_of(executor, workers)
    job = Job(
        spec=spec,
        params=record,
        variant=variant,
        fill=model,
        costs={},
        columns=required_columns(spec, variant),
    )
    runner = Runner(
        store=opened,
        filters=filters,
        job=job,
        spread=spread,
        hot=hot,
        progress=progress,
        announce=announce,
    )
    runs = runner.run()
    spent = runner.compile_s + runner.building_s
    result = collect(
        runs,
        job,
        spread,
        elapsed_s=time.perf_counter() - started - spent,
        compile_s=runner.compile_s,
    )
    if out is not None:
        result.save(Path(out))
    return result
