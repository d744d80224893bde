"""Compiling kernels: into an empty cache, and from a full one, apart."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks import calibration, sampling, sizes

KERNELS = ("ema-cross", "ema-cross-array", "mean-reversion")
LOADS = 90
"""Loads of one timing: one takes 1.7 ms."""


class Calibration(calibration.Calibration):
    """The host while this topic runs."""


class Compile(sampling.CpuTimed):
    """A kernel's machine code, in this process."""

    repeat = sizes.repeats(3)
    params = (KERNELS,)
    param_names = ("kernel",)

    def setup(self, kernel: str) -> None:
        from tickloom.engine.loading.kernel import load_kernel
        from tickloom.host import get_host

        os.environ["TICKLOOM_CACHE_DIR"] = str(Path.cwd() / "cache")
        # Compile another kernel first: Numba's own start-up is not what is timed.
        load_kernel(get_host().kernels.get("buy-and-hold"))
        self.spec = get_host().kernels.get(kernel)
        load_kernel(self.spec)
        self.load_kernel = load_kernel

    def time_cold(self, kernel: str) -> None:
        with tempfile.TemporaryDirectory() as empty:
            os.environ["TICKLOOM_CACHE_DIR"] = empty
            self.load_kernel(self.spec)

    def time_cached(self, kernel: str) -> None:
        from tickloom.engine.cache.link import link

        for _ in range(LOADS):
            # Linked code stays linked, which would leave half of a load out. Commits before that
            # have no such memory.
            getattr(link, "cache_clear", lambda: None)()
            self.load_kernel(self.spec)
