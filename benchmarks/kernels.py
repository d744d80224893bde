"""Kernels: each built-in one in each variant, over seeded ticks in memory, on one thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import calibration, sampling, sizes

VARIANTS = ("plain", "logged", "hot")
SWEPT = ("ema-cross", "mean-reversion")
SETS = 96
PASSES = {
    "book-imbalance": 10,
    "buy-and-hold": 104,
    "ema-cross": 22,
    "ema-cross-array": 10,
    "ema-cross-c": 12,
    "ema-cross-short": 22,
    "mean-reversion": 26,
}
"""Passes over 4 M rows, in the small suite over 2 M, that take 100 ms or more. Fixed: both commits
do the same work."""

KERNELS = tuple(PASSES)


class Calibration(calibration.Calibration):
    """The host while this topic runs."""


def setup_cache() -> dict[str, list[str]]:
    """Every kernel's ticks, saved once; the columns that each of them takes."""
    from tickloom.bench.ticks import make_ticks
    from tickloom.engine.compiled import Variant, required_columns
    from tickloom.host import get_host

    columns = {
        name: list(required_columns(get_host().kernels.get(name), Variant())) for name in KERNELS
    }
    every = sorted({column for names in columns.values() for column in names})
    ticks = make_ticks(every, rows=sizes.scaled(4_000_000))
    np.save("offsets.npy", ticks.offsets)
    for name, values in ticks.columns.items():
        np.save(f"{name}.npy", values)
        np.save(f"{name}-hot.npy", _narrow(values))
    return columns


def _narrow(values: Any) -> Any:
    """What the hot tier makes of a column: hundredths, or the smallest integers, of 32 bits."""
    hundredths = np.rint(values * 100) if values.dtype == np.float64 else values
    return hundredths.astype(np.int32 if abs(hundredths).max() < 2**31 else np.int64)


class Loaded:
    """A compiled kernel and its arrays."""

    def __init__(self, kernel: str, columns: list[str], variant: str) -> None:
        from tickloom.engine.compiled import Variant, load_kernel
        from tickloom.host import get_host

        self.passes = PASSES[kernel]
        suffix = "-hot.npy" if variant == "hot" else ".npy"
        self.offsets = np.load("offsets.npy")
        self.columns = [np.load(Path(name + suffix)) for name in columns]
        dtypes = tuple(str(column.dtype) for column in self.columns)
        self.spec = get_host().kernels.get(kernel)
        self.variant = Variant(
            logged=variant == "logged", dtypes=dtypes if variant == "hot" else ()
        )
        self.compiled = load_kernel(self.spec, self.variant)
        self.params = self.spec.params()

    @property
    def rows(self) -> int:
        """Rows of all passes."""
        return self.passes * int(self.offsets[-1])

    def run(self) -> None:
        """All passes."""
        for _ in range(self.passes):
            self.compiled(self.params, self.offsets, self.columns)


class Run(sampling.CpuTimed):
    """One run of a kernel."""

    repeat = sizes.repeats(5)
    params = (KERNELS, VARIANTS)
    param_names = ("kernel", "variant")

    def setup(self, columns: dict[str, list[str]], kernel: str, variant: str) -> None:
        self.loaded = Loaded(kernel, columns[kernel], variant)
        self.loaded.compiled(self.loaded.params, self.loaded.offsets, self.loaded.columns)

    def time_run(self, columns: dict[str, list[str]], kernel: str, variant: str) -> None:
        self.loaded.run()


class Relative:
    """Rows/s relative to the calibration loop in the same process, as a cost: lower is faster."""

    params = (KERNELS,)
    param_names = ("kernel",)

    def track_calibrated_cost(self, columns: dict[str, list[str]], kernel: str) -> float:
        loaded = Loaded(kernel, columns[kernel], "plain")
        loaded.run()
        return calibration.calibrated_cost(loaded.run, loaded.rows)

    track_calibrated_cost.unit = "calibration rows per row"  # type: ignore[attr-defined]


class Sweep(sampling.CpuTimed):
    """Many parameter sets in one pass."""

    repeat = sizes.repeats(3)
    params = (SWEPT, ("plain", "hot"))
    param_names = ("kernel", "variant")

    def setup(self, columns: dict[str, list[str]], kernel: str, variant: str) -> None:
        from tickloom.engine.sweep_call import load_sweep

        self.loaded = Loaded(kernel, columns[kernel], variant)
        self.sweep = load_sweep(self.loaded.spec, self.loaded.variant)
        first = self.loaded.spec.params._fields[0]
        spans = range(3, 3 + SETS)
        self.sets = [self.loaded.params._replace(**{first: span}) for span in spans]

    def time_sweep(self, columns: dict[str, list[str]], kernel: str, variant: str) -> None:
        self.sweep(self.sets, self.loaded.offsets, self.loaded.columns)
