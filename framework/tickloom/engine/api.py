"""Running kernels over a store: what ``tickloom.run`` and the command line share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from os import PathLike
from pathlib import Path

from tickloom.contracts import Right
from tickloom.engine.collect import PartitionRun, collect, gather
from tickloom.engine.compiled import CompiledKernel, Variant, load_kernel, required_columns
from tickloom.engine.fills import FillModel, parse_latency
from tickloom.engine.fills.model import NS_PER_MS
from tickloom.engine.filters import Filters, no_contract
from tickloom.engine.parameters import make_params
from tickloom.engine.plan import plan, slices
from tickloom.engine.reread import settled
from tickloom.engine.results import RunResult
from tickloom.engine.run import Job, execute
from tickloom.errors import UsageError
from tickloom.host import get_host
from tickloom.specs import ExecutorSpec, KernelSpec
from tickloom.store.api import Partition, Store, open_store

Progress = Callable[[int, int], None]
"""``progress(rows done, rows in all)``, called after each slice."""

Day = date | str
"""A day, or its ISO form."""


def run(
    kernel: str | KernelSpec,
    store: str | PathLike[str] | Store,
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
    progress: Progress | None = None,
) -> RunResult:
    """Run ``kernel`` over the contracts of ``store`` that the filters select.

    ``params`` overrides the kernel's defaults. Ranges (days, strikes) include both ends. ``fill``
    is ``last``, ``touch`` or ``depth``; ``latency`` a number of ticks (``'3'``) or milliseconds
    (``'250ms'``); ``stale_ms`` the age, milliseconds, from which an unchanged quote fills nothing.
    ``log`` keeps a trade log; ``out`` is a folder that gets the results, trade log included.

    The result is bit-identical for any ``executor``, ``workers`` and cut of the work. Raises
    :class:`UsageError` for what does not exist, :class:`StoreError` for a store that is damaged or
    not sorted, or that has no values in a column that the kernel needs.
    """
    started = time.perf_counter()
    opened = store if isinstance(store, Store) else open_store(store)
    spec = get_host().kernels.get(kernel) if isinstance(kernel, str) else kernel
    record = make_params(spec, params or {})
    filters = Filters(
        underlyings=tuple(name.upper() for name in underlyings),
        start=None if start is None else _day(start),
        end=None if end is None else _day(end),
        expiries=tuple(_days(expiry)),
        strikes=strikes,
        right=right,
    )
    model = _fill_model(fill, latency, stale_ms)
    variant = Variant.of(model, logged=log or out is not None)
    spread = get_host().executors.get(executor)
    count = _worker_count(workers)
    chosen = filters.partitions(opened.partitions())

    compiled = load_kernel(spec, variant)
    columns = required_columns(spec, variant)
    job = Job(spec=spec, params=record, variant=variant, fill=model, costs={}, columns=columns)
    runs = settled(
        opened,
        chosen,
        lambda pending: _run_once(pending, filters, job, compiled, spread, count, progress),
    )
    _require_contracts(runs, chosen, filters)
    result = collect(
        runs,
        job,
        executor=executor,
        workers=count,
        elapsed_s=time.perf_counter() - started - compiled.compile_seconds,
        compile_s=compiled.compile_seconds,
    )
    if out is not None:
        result.save(Path(out))
    return result


def _run_once(
    pending: Sequence[Partition],
    filters: Filters,
    job: Job,
    compiled: CompiledKernel,
    executor: ExecutorSpec,
    workers: int,
    progress: Progress | None,
) -> list[PartitionRun]:
    planned = plan(pending, filters, job.names, workers)
    total, through = sum(p.rows for p in planned), 0

    def done(rows: int) -> None:
        nonlocal through
        through += rows
        if progress is not None:
            progress(through, total)

    parts = list(slices(planned, workers))
    return gather(planned, execute(job, parts, compiled, executor, workers, done))


def _require_contracts(
    runs: Sequence[PartitionRun], chosen: Sequence[Partition], filters: Filters
) -> None:
    """Raise :class:`UsageError` if the filters took none of the contracts that there are."""
    if not runs:
        present = [contract for partition in chosen for contract in partition.index().contracts]
        if present:
            raise no_contract(filters, present)


def _fill_model(fill: str, latency: str, stale_ms: float) -> FillModel:
    return FillModel(
        mode=fill,  # type: ignore[arg-type]  # the model checks it
        stale_ns=round(stale_ms * NS_PER_MS),
        **parse_latency(latency),
    )


def _worker_count(workers: int | None) -> int:
    if workers is None:
        # The cores that this process may use, which a container or taskset can narrow.
        return (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
    if workers < 1:
        raise UsageError(f"workers must be 1 or more; found {workers}")
    return workers


def _days(days: Day | Sequence[Day]) -> Iterator[date]:
    for day in [days] if isinstance(days, date | str) else days:
        yield _day(day)


def _day(day: Day) -> date:
    if isinstance(day, date):
        return day
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise UsageError(f"a day is written YYYY-MM-DD, like 2025-08-01; found {day!r}") from None
