"""A fixed loop to divide by: rows/s of two machines, or two moments, become comparable."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

ROWS: Final = 1 << 18
"""Rows of the loop's array: 2 MiB, which stays in a core's cache."""

PASSES: Final = 300
"""Passes of one calibration: 100 to 150 ms."""


def loop(prices: npt.NDArray[np.float64], passes: int) -> float:
    """Two moving averages over ``float64[rows]``, strict: a recurrence, as kernels have them."""
    crossings = 0
    fast = slow = prices[0]
    for _ in range(passes):
        for price in prices:
            fast = price * 0.3 + fast * 0.7
            slow = price * 0.1 + slow * 0.9
            crossings += fast > slow
    return float(fast - slow + crossings)


@cache
def _compiled() -> tuple[Callable[[Any, int], float], npt.NDArray[np.float64]]:
    from numba import njit

    prices = np.random.default_rng(1).uniform(100, 200, ROWS)
    compiled: Callable[[Any, int], float] = njit(nogil=True)(loop)
    return compiled, prices


def calibrate(passes: int = PASSES) -> None:
    """Run the loop; the first call compiles it."""
    compiled, prices = _compiled()
    compiled(prices, passes)


def calibration_rate(clock: Callable[[], float] = time.perf_counter) -> float:
    """Rows/s of the loop on one core by ``clock``, measured once; compiling is not in it."""
    calibrate(passes=1)
    started = clock()
    calibrate()
    return ROWS * PASSES / (clock() - started)
