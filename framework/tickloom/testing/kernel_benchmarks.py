"""asv benchmarks of a kernel, for a plugin's own suite. Needs neither pytest nor hypothesis."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final

from tickloom.bench.calibration import calibrate, calibration_rate
from tickloom.bench.measurement import empty_cache
from tickloom.bench.parity import check_parity, run_ticks
from tickloom.bench.ticks import Ticks, make_ticks
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.loading.kernel import load_kernel
from tickloom.host import get_host

PASSES: Final = 12
"""Passes over 4 M rows: 100 ms and more, below which asv's own noise looks like a regression."""

REPEATS: Final = 5

COMPILES: Final = 3


class KernelBenchmarks(ABC):
    """Five benchmarks of one registered kernel over seeded ticks in memory, on one thread::

        class TimeMomentum(KernelBenchmarks):
            kernel = "momentum"

    Each first checks the kernel against its author's Python: a kernel that computes something else
    fails instead of looking fast. All of them are "lower is better".

    Times are CPU seconds of the process: what else the host computes is not in them. Where
    ``time_calibration`` moves too, a loop that no version of tickloom or of the kernel changes,
    the host has changed its speed and not the kernel.
    """

    repeat = REPEATS
    number = 1
    rounds = 1
    warmup_time = 0
    timeout = 300
    timer = time.process_time

    @property
    @abstractmethod
    def kernel(self) -> str:
        """Name of the kernel, as ``tickloom run`` takes it."""

    def setup_cache(self) -> str:
        """Make the ticks once for all benchmarks; the folder that they are in."""
        folder = Path.cwd()
        self._saved_ticks(folder)
        return str(folder)

    def setup(self, folder: str) -> None:
        """Compile, or load from the cache; load the ticks; check for parity."""
        self._spec = get_host().kernels.get(self.kernel)
        self._compiled = load_kernel(self._spec)
        self._ticks = Ticks.load(self._saved_ticks(Path(folder)))
        self._params = self._spec.params()
        check_parity(self._compiled, self._ticks, self._params)
        calibrate(passes=1)

    def time_run(self, folder: str) -> None:
        """Seconds for all passes."""
        for _ in range(PASSES):
            run_ticks(self._compiled, self._ticks, self._params)

    def time_calibration(self, folder: str) -> None:
        """Seconds of a loop that nobody changes: the host's speed."""
        calibrate()

    def track_calibrated_cost(self, folder: str) -> float:
        """How many rows of the calibration loop take as long as one row of the kernel."""
        costs, rates = [], []
        for _ in range(REPEATS):
            rates.append(calibration_rate(time.process_time))
            started = time.process_time()
            self.time_run(folder)
            costs.append((time.process_time() - started) / (PASSES * self._ticks.rows))
        return min(costs) * max(rates)

    def track_compile(self, folder: str) -> float:
        """CPU seconds to compile the kernel into an empty cache, the least of a few times: once is
        as uneven as the host."""
        return min(self._compile() for _ in range(COMPILES))

    def _compile(self) -> float:
        with empty_cache():
            started = time.process_time()
            load_kernel(self._spec)
            return time.process_time() - started

    def peakmem_run(self, folder: str) -> None:
        """The process with the ticks in it, and one run."""
        run_ticks(self._compiled, self._ticks, self._params)

    def _saved_ticks(self, folder: Path) -> Path:
        # asv runs one setup_cache for all classes that inherit it: the ticks of the others' kernels
        # are made when they are first needed.
        path = folder / f"{self.kernel}.npz"
        if not path.exists():
            columns = Specialised.of(get_host().kernels.get(self.kernel)).columns
            make_ticks(columns).save(path)
        return path


# asv reads the unit of a ``track_`` benchmark from its function.
KernelBenchmarks.track_calibrated_cost.unit = "calibration rows per row"  # type: ignore[attr-defined]
KernelBenchmarks.track_compile.unit = "seconds"  # type: ignore[attr-defined]
