"""What one sample of a benchmark is, and by which clock.

Topics that compute on one thread measure :data:`cpu_time`: on a host with six times as many busy
threads as cores, wall times of the calibration loop spread by 2.6, its CPU times by 1.17, the best
of five by 1.10. Topics that start processes or wait for a disk measure wall time.
"""

from __future__ import annotations

import time
from typing import Final

cpu_time: Final = time.process_time
"""CPU seconds of this process: what other processes do is not in it."""


class WallTimed:
    """A sample is one call, timed by the wall clock, without a warm-up before the first."""

    number = 1
    rounds = 1
    warmup_time = 0


class CpuTimed(WallTimed):
    """The same in CPU seconds."""

    timer = cpu_time
