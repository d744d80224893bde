"""Kernels: each built-in one in each variant, over seeded ticks, on one thread.

``plain`` is a loop over float64 and int64 arrays in memory, ``logged`` the same with a trade log,
``hot`` the same over the hot tier's small integers, ``sweep`` many parameter sets over either, and
``f64`` a whole ``tickloom.run`` over the same rows from a Parquet file's float64 columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import calibration, kernel_data, sampling, sizes

VARIANTS = ("plain", "logged", "f64", "hot")


@dataclass(frozen=True)
class Work:
    """Work that takes a kernel 100 ms or more, over half of the rows as well. Fixed: both commits
    do the same."""

    passes: int
    """Passes over the rows in memory."""

    runs: int
    """Runs over them from Parquet."""

    swept: tuple[str, float, float]
    """The parameter that differs from set to set: its name, its first value, its step."""

    sets: int = 96
    """Parameter sets of a sweep."""


WORK = {
    "book-imbalance": Work(10, 2, ("entry", 0.2, 0.008), sets=48),
    "buy-and-hold": Work(120, 10, ("size", 1, 1)),
    "ema-cross": Work(22, 4, ("fast", 3, 1)),
    "ema-cross-features": Work(22, 4, ("fast", 3, 1)),
    # Array and native kernels are called once a set.
    "ema-cross-array": Work(10, 3, ("fast", 3, 1), sets=12),
    "ema-cross-c": Work(12, 3, ("fast", 3, 1), sets=14),
    "ema-cross-short": Work(22, 6, ("fast", 3, 1), sets=48),
    "mean-reversion": Work(26, 6, ("span", 3, 1)),
}
KERNELS = tuple(WORK)


class Calibration(calibration.Calibration):
    """The host while this topic runs."""


def setup_cache() -> dict[str, list[str]]:
    """Every kernel's ticks, saved once; the columns that each of them takes."""
    from tickloom.engine.kernels.specialised import Specialised
    from tickloom.host import get_host

    columns = {name: list(Specialised.of(get_host().kernels.get(name)).columns) for name in KERNELS}
    kernel_data.save_rows(sorted({column for names in columns.values() for column in names}))
    return columns


class Loaded:
    """A compiled kernel and its arrays."""

    def __init__(self, kernel: str, columns: list[str], variant: str) -> None:
        from tickloom.engine.loading.kernel import Variant, load_kernel
        from tickloom.host import get_host

        self.passes = WORK[kernel].passes
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

    def once(self) -> None:
        """One pass."""
        self.compiled(self.params, self.offsets, self.columns)

    def run(self) -> None:
        """All passes."""
        for _ in range(self.passes):
            self.once()


def from_parquet(kernel: str) -> Callable[[], None]:
    """A run of ``kernel`` over the rows in Parquet, with one worker."""
    from tickloom import run

    def once() -> None:
        run(kernel, kernel_data.STORE, workers=1, hot=False)

    return once


class Run(sampling.CpuTimed):
    """One run of a kernel."""

    repeat = sizes.repeats(5)
    params = (KERNELS, VARIANTS)
    param_names = ("kernel", "variant")

    def setup(self, columns: dict[str, list[str]], kernel: str, variant: str) -> None:
        if variant == "f64":
            self.once, self.times = from_parquet(kernel), WORK[kernel].runs
        else:
            loaded = Loaded(kernel, columns[kernel], variant)
            self.once, self.times = loaded.once, loaded.passes
        self.once()

    def time_run(self, columns: dict[str, list[str]], kernel: str, variant: str) -> None:
        for _ in range(self.times):
            self.once()


class Relative:
    """Rows/s relative to the calibration loop in the same process, as a cost: lower is faster."""

    params = (KERNELS,)
    param_names = ("kernel",)

    def setup(self, columns: dict[str, list[str]], kernel: str) -> None:
        if kernel != KERNELS[0] and sizes.quick():
            raise NotImplementedError  # one of them, for the time that the small suite may take

    def track_calibrated_cost(self, columns: dict[str, list[str]], kernel: str) -> float:
        loaded = Loaded(kernel, columns[kernel], "plain")
        loaded.once()
        return calibration.calibrated_cost(loaded.run, loaded.rows, sizes.repeats(6))

    track_calibrated_cost.unit = "calibration rows per row"  # type: ignore[attr-defined]


class Sweep(sampling.CpuTimed):
    """Many parameter sets: in one pass, or one set after the other where the kernel wants that."""

    repeat = sizes.repeats(3)
    params = (KERNELS, ("plain", "hot"))
    param_names = ("kernel", "variant")

    def setup(self, columns: dict[str, list[str]], kernel: str, variant: str) -> None:
        if variant == "hot" and sizes.quick():
            # Half of the sweeps: with them the small suite took longer than four minutes.
            raise NotImplementedError
        from tickloom.engine.sweeping.kernel import load_sweep

        self.loaded = Loaded(kernel, columns[kernel], variant)
        self.sweep = load_sweep(self.loaded.spec, self.loaded.variant)
        self.sets = parameter_sets(self.loaded.params, WORK[kernel])

    def time_sweep(self, columns: dict[str, list[str]], kernel: str, variant: str) -> None:
        self.sweep(self.sets, self.loaded.offsets, self.loaded.columns)


def parameter_sets(params: Any, work: Work) -> list[Any]:
    """The sets of a sweep: one parameter grows, the others stay."""
    name, first, step = work.swept
    return [params._replace(**{name: first + step * number}) for number in range(work.sets)]
