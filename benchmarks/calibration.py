"""A loop that no commit of the project changes: what the host can do just now.

Every topic has it as ``time_calibration``, so that a drift of the host is told from a slower
commit, and ``track_`` benchmarks divide by it in their own process.

``tickloom.bench.calibration`` has the same loop for authors of plugins. asv runs this file with the
tickloom of the commit that it measures, so this loop must not come from there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from benchmarks import sizes
from benchmarks.sampling import CpuTimed, cpu_time

ROWS: Final = 1 << 18
"""Rows of the loop's array: 2 MiB, which stays in a core's cache."""

PASSES: Final = 300
"""Passes of one calibration: 100 to 150 ms."""


# Kept by Numba beside this file: 15 processes of the suite would compile it again, a second each.
@njit(nogil=True, cache=True)
def loop(prices: npt.NDArray[np.float64], passes: int) -> float:
    """Two moving averages over ``float64[rows]``, strict: a recurrence, as kernels have them."""
    crossings = 0
    fast = slow = prices[0]
    for _ in range(passes):
        for price in prices:
            fast = price * 0.3 + fast * 0.7
            slow = price * 0.1 + slow * 0.9
            crossings += fast > slow
    return fast - slow + crossings


class Calibration(CpuTimed):
    """The host's speed: each topic has a subclass, whose ``time_calibration`` is the benchmark. A
    topic's ``setup_cache`` is handed in, and not needed."""

    repeat = sizes.repeats(10)

    def __init_subclass__(cls) -> None:
        # Not in this class: asv would time it here as well, as a topic that there is not.
        cls.time_calibration = cls.calibrate  # type: ignore[attr-defined]

    def setup(self, *cached: object) -> None:
        self.prices = np.random.default_rng(1).uniform(100, 200, ROWS)
        loop(self.prices, 1)

    def calibrate(self, *cached: object) -> None:
        loop(self.prices, PASSES)


def calibrated_cost(work: Callable[[], object], rows: int, repeats: int = 5) -> float:
    """How many rows of the calibration loop take as long as one row of ``work``, which does
    ``rows`` of them: best of interleaved repeats of both. Lower is faster."""
    calibration = Calibration()
    calibration.setup()
    own, other = [], []
    for _ in range(repeats):
        other.append(seconds(calibration.calibrate))
        own.append(seconds(work))
    return (min(own) / rows) / (min(other) / (ROWS * PASSES))


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = cpu_time()
    work()
    return cpu_time() - start
