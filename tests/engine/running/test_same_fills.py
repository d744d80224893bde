"""The same bits with fills, latency, costs and a trade log, for each kind of kernel: however many
workers there are, threads or processes, and however the rows are cut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from tests.engine import scripted
from tests.engine.booked_stores import FRIDAY, MONDAY, day_of, moved, packed_store
from tests.engine.run_stores import build
from tests.engine.scripted import each_kernel
from tests.programs import needs_cc

import tickloom
from tickloom import KernelSpec
from tickloom.engine.columns import slices as schedule
from tickloom.engine.request import resolve as request
from tickloom.engine.running import collect, walk
from tickloom.engine.running.results import RunResult
from tickloom.host import get_host
from tickloom.store.layout import PartitionKey

ONE, OTHER = (PartitionKey(dt.date(2025, 6, day), "BANKNIFTY") for day in (2, 3))
NEAR, FAR = dt.date(2025, 6, 26), dt.date(2025, 7, 31)
"""Expiries with lots of 30 and of 35 units on :data:`ONE`'s day."""

FILLS: dict[str, dict[str, Any]] = {
    "last": {"latency": 2, "costs": "fee=0.3,lot=10"},
    "touch": {"fill": "touch", "latency": "1500ms", "stale_ms": 4000},
    "depth": {"fill": "depth", "latency": 1, "costs": "nse"},
}
WORKERS = [1, 2, 7]

each_fill = pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS.keys())
each_number = pytest.mark.parametrize("workers", WORKERS)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[PartitionKey, pl.DataFrame]:
    """Two days of June: on the first, contracts of two expiries and lot sizes side by side."""
    packed = packed_store(tmp_path_factory.mktemp("packed"), seed=6)
    friday, monday = (day_of(packed, day) for day in (FRIDAY, MONDAY))
    near, far = moved(friday, FRIDAY, ONE.date, NEAR), moved(monday, MONDAY, ONE.date, FAR)
    return {ONE: pl.concat([near, far]), OTHER: moved(monday, MONDAY, OTHER.date, FAR)}


@pytest.fixture(scope="module")
def store(
    tmp_path_factory: pytest.TempPathFactory, frames: dict[PartitionKey, pl.DataFrame]
) -> Path:
    """A row group is shorter than most contracts, and ends amid them."""
    return build(tmp_path_factory.mktemp("same") / "store", frames, row_group_rows=37)


@pytest.fixture(scope="module")
def reference(
    tmp_path_factory: pytest.TempPathFactory, frames: dict[PartitionKey, pl.DataFrame]
) -> Callable[..., RunResult]:
    """Runs with one worker over files of one row group, in one slice a partition."""
    whole = build(tmp_path_factory.mktemp("whole") / "store", frames)
    known: dict[tuple[str, str], RunResult] = {}

    def results(kernel: KernelSpec, fill: dict[str, Any]) -> RunResult:
        key = kernel.name, str(fill)
        if key not in known:
            known[key] = tickloom.run(kernel, whole, workers=1, log=True, **fill)
        return known[key]

    return results


@contextmanager
def cut_into(slice_rows: int, batch: int = 512) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "SLICE_ROWS", slice_rows)
        patch.setattr(schedule, "SMALLEST_SLICE", slice_rows)
        for module in (walk, collect):
            patch.setattr(module, "BATCH_PARTITIONS", batch)
        yield


def assert_same(result: RunResult, wanted: RunResult) -> None:
    assert result.table.equals(wanted.table)
    assert result.trade_log is not None
    assert wanted.trade_log is not None
    assert result.trade_log.equals(wanted.trade_log)
    totals = ("pnl", "costs", "trades", "unfilled", "partial", "rows", "rows_skipped", "contracts")
    assert [getattr(result, t) for t in totals] == [getattr(wanted, t) for t in totals]


@each_kernel
@each_fill
@each_number
@pytest.mark.parametrize(("slice_rows", "batch"), [(1, 512), (60, 1), (10_000, 512)])
def test_threads_slices_and_row_groups(
    store: Path,
    reference: Callable[..., RunResult],
    kernel: KernelSpec,
    fill: dict[str, Any],
    workers: int,
    slice_rows: int,
    batch: int,
) -> None:
    with cut_into(slice_rows, batch):
        result = tickloom.run(kernel, store, workers=workers, log=True, **fill)
    assert_same(result, reference(kernel, fill))
    assert result.trades > 50


@each_kernel
@each_fill
def test_the_hot_tier(
    tmp_path: Path,
    frames: dict[PartitionKey, pl.DataFrame],
    reference: Callable[..., RunResult],
    kernel: KernelSpec,
    fill: dict[str, Any],
) -> None:
    store = build(tmp_path / "store", frames, row_group_rows=37)
    with cut_into(60):
        result = tickloom.run(kernel, store, workers=2, log=True, hot=True, **fill)
    assert result.hot_partitions == 2
    assert_same(result, reference(kernel, fill))


def test_lots_differ_between_neighbours(reference: Callable[..., RunResult]) -> None:
    """Otherwise a contract that pays for its neighbour would not be seen."""
    table = reference(scripted.SIZED, FILLS["depth"]).table.filter(date=ONE.date)
    free = reference(scripted.SIZED, FILLS["last"]).table.filter(date=ONE.date)
    assert table["expiry"].unique(maintain_order=True).to_list() == [NEAR, FAR]
    assert (free["costs"] > 0).any()
    assert table["partial"].sum() > 0
    assert table["unfilled"].sum() > 0


class KeptExecutor(Executor):
    """Workers that stay when a run is over: each takes a second to start."""

    def __init__(self, workers: Executor) -> None:
        self._workers = workers

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self._workers.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        pass


@contextmanager
def processes(workers: int) -> Iterator[None]:
    """The executor 'processes', with workers that serve every run of the block."""
    executors, kernels = get_host().executors, get_host().kernels
    spec = executors.get("processes")
    with spec.start(workers) as started, pytest.MonkeyPatch.context() as patch:

        def create(wanted: int) -> Executor:
            assert wanted == workers
            return KeptExecutor(started)

        kept = SimpleNamespace(get=lambda name: replace(spec, create=create))
        host = SimpleNamespace(kernels=kernels, executors=kept)
        patch.setattr(request, "get_host", lambda: host)
        yield


WIDE = {"max_spread": 0.02}
GRID = {"max_spread": ["0.001", "0.004", "0.02"], "fast": [2, 3, 4, 5]}
SWEEPS: list[tuple[str | KernelSpec, dict[str, Any]]] = [
    ("ema-cross", {}),
    ("ema-cross-array", {}),
    ("ema-cross-c", {}),
    (scripted.SIZED, FILLS["depth"]),
    (scripted.ARRAY, FILLS["depth"]),
    (scripted.NATIVE, FILLS["touch"]),
]


def swept(kernel: str | KernelSpec, store: Path, **options: Any) -> list[tuple[Any, ...]]:
    grid: dict[str, Any] = {"bound": [1, 2, 3]} if isinstance(kernel, KernelSpec) else GRID
    return tickloom.sweep(kernel, store, grid=grid, **options).table.rows()


@pytest.mark.slow
@needs_cc
def test_sweeps_and_processes(store: Path, reference: Callable[..., RunResult]) -> None:
    """One test, so that the processes are started once."""
    plain = tickloom.run("ema-cross", store, params=WIDE, workers=1)
    sweeps = [swept(kernel, store, workers=1, **fill) for kernel, fill in SWEEPS]
    assert all(sum(trades for *_, trades, _ in rows) > 0 for rows in sweeps)
    for workers in WORKERS:
        for rows in (1, 60):
            with cut_into(rows):
                found = [swept(kernel, store, workers=workers, **fill) for kernel, fill in SWEEPS]
            assert found == sweeps, (workers, rows)
        with processes(workers), cut_into(30):
            given: dict[str, Any] = {"workers": workers, "executor": "processes"}
            for fill in FILLS.values():
                for kernel in (scripted.SIZED, scripted.ARRAY, scripted.NATIVE):
                    result = tickloom.run(kernel, store, log=True, **given, **fill)
                    assert result.executor == "processes"
                    assert_same(result, reference(kernel, fill))
            result = tickloom.run("ema-cross", store, params=WIDE, **given)
            assert result.table.equals(plain.table)
            assert result.peak_rss_mb > plain.peak_rss_mb, "worker processes are added up"
            found = [swept(kernel, store, **given, **fill) for kernel, fill in SWEEPS]
            assert found == sweeps, workers
