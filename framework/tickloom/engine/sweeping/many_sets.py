"""The loop of a sweep: every set of parameters over the same rows, read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tickloom.engine.columns.scan import Block
from tickloom.engine.columns.slices import Slice
from tickloom.engine.kernels.variant import Variant
from tickloom.engine.loading.plans import Announce
from tickloom.engine.running.job import Job
from tickloom.engine.sweeping.kernel import CompiledSweep, load_sweep
from tickloom.engine.sweeping.one_by_one import SweepResults
from tickloom.specs import KernelSpec


@dataclass(slots=True)
class SetsFound:
    """Results of each set over a slice."""

    pnl: npt.NDArray[np.float64]
    """Profit, shape (sets, contracts of the slice)."""

    trades: npt.NDArray[np.int64]
    """Trades opened, shape (sets,)."""

    skipped: int = 0
    """Rows without a usable price."""

    def add(self, block: Block, span: slice, found: SweepResults) -> None:
        """Add the results of the contracts ``span``."""
        self.pnl[:, span] = found.pnl
        self.trades += found.trades.sum(axis=1)
        self.skipped += int(found.skipped.sum())


@dataclass(frozen=True, slots=True)
class ManySets:
    """The inner loop of a sweep; its jobs carry a sequence of parameter records."""

    def load(
        self, spec: KernelSpec, variant: Variant, *, announce: Announce | None = None
    ) -> CompiledSweep:
        """The kernel, compiled for many sets of parameters."""
        return load_sweep(spec, variant, announce=announce)

    def gather(self, job: Job[Any], part: Slice) -> SetsFound:
        """Results of each set over ``part``, all zero."""
        sets = len(job.params)
        return SetsFound(np.zeros((sets, len(part.starts))), np.zeros(sets, np.int64))
