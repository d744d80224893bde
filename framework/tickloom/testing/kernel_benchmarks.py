"""asv benchmarks of a kernel, for a plugin's own suite. Needs neither pytest nor hypothesis."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Final

from tickloom.bench.calibration import calibration_rate
from tickloom.bench.measurement import empty_cache
from tickloom.bench.parity import check_parity, run_ticks
from tickloom.bench.ticks import make_ticks
from tickloom.engine.compiled import load_kernel
from tickloom.host import get_host

PASSES: Final = 12
"""Passes over 4 M rows: 100 ms and more, below which asv's own noise looks like a regression."""

REPEATS: Final = 5


class KernelBenchmarks(ABC):
    """Four benchmarks of one registered kernel over seeded ticks in memory, on one thread::

        class TimeMomentum(KernelBenchmarks):
            kernel = "momentum"

    Each first checks the kernel against its author's Python: a kernel that computes something else
    fails instead of looking fast. All of them are "lower is better".
    """

    repeat = REPEATS
    number = 1
    rounds = 1
    warmup_time = 0
    timeout = 300

    @property
    @abstractmethod
    def kernel(self) -> str:
        """Name of the kernel, as ``tickloom run`` takes it."""

    def setup(self) -> None:
        """Compile, or load from the cache; make the ticks; check for parity."""
        self._spec = get_host().kernels.get(self.kernel)
        self._compiled = load_kernel(self._spec)
        self._ticks = make_ticks(self._compiled.required_columns)
        self._params = self._spec.params()
        check_parity(self._compiled, self._ticks, self._params)

    def time_run(self) -> None:
        """Seconds for all passes."""
        for _ in range(PASSES):
            run_ticks(self._compiled, self._ticks, self._params)

    def track_calibrated_cost(self) -> float:
        """How many rows of the calibration loop take as long as one row of the kernel."""
        costs, rates = [], []
        for _ in range(REPEATS):
            rates.append(calibration_rate())
            started = time.perf_counter()
            self.time_run()
            costs.append((time.perf_counter() - started) / (PASSES * self._ticks.rows))
        return min(costs) * max(rates)

    def track_compile(self) -> float:
        """Seconds to compile the kernel into an empty cache."""
        with empty_cache():
            return load_kernel(self._spec).compile_seconds

    def peakmem_run(self) -> None:
        """The process with the ticks in it, and one run."""
        run_ticks(self._compiled, self._ticks, self._params)


# asv reads the unit of a ``track_`` benchmark from its function.
KernelBenchmarks.track_calibrated_cost.unit = "calibration rows per row"  # type: ignore[attr-defined]
KernelBenchmarks.track_compile.unit = "seconds"  # type: ignore[attr-defined]
