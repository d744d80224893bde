"""Times one kernel: compile, load, run; relative to the calibration loop."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tickloom.bench.calibration import calibration_rate
from tickloom.bench.parity import check_parity, run_ticks
from tickloom.bench.store_ticks import ROWS, store_ticks
from tickloom.bench.ticks import Ticks, make_ticks
from tickloom.engine.api import run
from tickloom.engine.cache.link import link
from tickloom.engine.columns.stored import of_store
from tickloom.engine.loading.kernel import CompiledKernel, load_kernel
from tickloom.engine.request.options import Options
from tickloom.engine.request.parameters import make_params
from tickloom.engine.running.memory import peak_rss
from tickloom.specs.kernel import KernelSpec
from tickloom.store.api import open_store
from tickloom.user_cache import CACHE_DIR

REPEATS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelTiming:
    """What ``tickloom bench`` found out about a kernel."""

    kernel: str
    """Its name."""

    params: Mapping[str, int | float | bool]
    """Every parameter with its value."""

    source: str
    """``synthetic`` for seeded ticks in memory on one thread, or the path of the store."""

    parity_rows: int
    """Rows on which the compiled kernel agreed with its author's Python; the store's own, if one
    was given."""

    parity_trades: int
    """Its trades on those rows; where there are none, that it agreed shows little."""

    contracts: int
    """Contracts of one run."""

    rows: int
    """Rows of one run."""

    trades: int
    """Trades of one run."""

    compile_s: float
    """Seconds to compile it into an empty cache."""

    load_s: float
    """Seconds to load it from the cache."""

    rows_per_s: float
    """Rows a second, best run."""

    rows_per_s_median: float
    """Rows a second, median run."""

    calibration_rows_per_s: float
    """Rows a second of the calibration loop on one core, best of those beside the runs."""

    calibrated: float
    """``rows_per_s`` over ``calibration_rows_per_s``: comparable across machines and moments."""

    peak_rss_mb: float
    """The most memory used, 2**20 bytes; a store's worker processes are added up."""

    def to_json(self) -> dict[str, Any]:
        """The object that ``tickloom bench --json`` prints."""
        return asdict(self)


def measure_kernel(
    spec: KernelSpec, store: Path | None = None, given: Mapping[str, object] | None = None
) -> KernelTiming:
    """Check ``spec`` for parity, then time it, both over ``store`` or over seeded ticks in memory,
    with the parameters that are ``given``.

    Raises :class:`~tickloom.errors.PluginError` if the parity check fails, and what
    :func:`tickloom.run` raises.
    """
    given = given or {}
    params = make_params(spec, given)
    opened = open_store(store) if store else None  # or say that there is none, before compiling
    spec = spec if opened is None else of_store(spec, opened)
    compiled = load_kernel(spec)
    if opened is None:
        ticks = make_ticks(compiled.required_columns)
        parity = check_parity(compiled, ticks, params)
    else:
        ticks = store_ticks(opened, compiled.required_columns)
        parity = check_parity(compiled, ticks, params, contracts=len(ticks.offsets), rows=ROWS)
    # Numba has started by now: its own start-up is in neither figure.
    compile_s, load_s = _compile_and_load(spec)
    timed = _over_store(spec, store, given) if store else _over_ticks(compiled, ticks, params)
    rows, contracts, trades, peak = timed()  # untimed: fills caches
    seconds, rates = [], []
    for _ in range(REPEATS):
        rates.append(calibration_rate())
        started = time.perf_counter()
        peak = max(peak, timed()[3])
        seconds.append(time.perf_counter() - started)
    return KernelTiming(
        kernel=spec.name,
        params=params._asdict(),
        source=str(store) if store else "synthetic",
        parity_rows=parity.rows,
        parity_trades=parity.trades,
        contracts=contracts,
        rows=rows,
        trades=trades,
        compile_s=compile_s,
        load_s=load_s,
        rows_per_s=rows / min(seconds),
        rows_per_s_median=rows / statistics.median(seconds),
        calibration_rows_per_s=max(rates),
        calibrated=rows / min(seconds) / max(rates),
        peak_rss_mb=peak,
    )


def _compile_and_load(spec: KernelSpec) -> tuple[float, float]:
    """Seconds to compile into an empty cache, and to load from it."""
    with empty_cache():
        compile_s = load_kernel(spec).compile_seconds
        link.cache_clear()  # as in another process
        started = time.perf_counter()
        load_kernel(spec)
        return compile_s, time.perf_counter() - started


@contextmanager
def empty_cache() -> Iterator[None]:
    """A kernel cache of its own, empty and gone afterwards: what is compiled is compiled anew."""
    before = os.environ.get(CACHE_DIR)
    with tempfile.TemporaryDirectory(prefix="tickloom-bench-") as folder:
        os.environ[CACHE_DIR] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[CACHE_DIR]
            else:
                os.environ[CACHE_DIR] = before


Timed = Callable[[], tuple[int, int, int, float]]
"""One run: rows, contracts, trades, peak memory in 2**20 bytes."""


def _over_ticks(compiled: CompiledKernel, ticks: Ticks, params: Any) -> Timed:
    def timed() -> tuple[int, int, int, float]:
        results = run_ticks(compiled, ticks, params)
        return ticks.rows, len(results.trades), int(results.trades.sum()), peak_rss() / 2**20

    return timed


def _over_store(spec: KernelSpec, store: Path, given: Mapping[str, object]) -> Timed:
    options = Options(params=given)
    if spec.ticks == "quote":
        options["fill"] = "touch"

    def timed() -> tuple[int, int, int, float]:
        result = run(spec, store, **options)
        return result.rows, result.contracts, result.trades, result.peak_rss_mb

    return timed
