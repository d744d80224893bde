"""The loop of a run: one set of parameters, results by contract, and a trade log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tickloom.engine.columns.scan import Block
from tickloom.engine.columns.slices import Slice
from tickloom.engine.kernels.variant import Variant
from tickloom.engine.loading.kernel import CompiledKernel, load_kernel
from tickloom.engine.loading.plans import Announce
from tickloom.engine.loading.results import TRADE_DTYPE, ContractResults
from tickloom.engine.running.job import TIME, Job
from tickloom.specs import KernelSpec

CONTRACT_DTYPE: Final = np.dtype(
    [
        ("pnl", np.float64),
        ("trades", np.int64),
        ("skipped", np.int64),
        ("costs", np.float64),
        ("unfilled", np.int64),
        ("partial", np.int64),
    ]
)
"""One contract's results; the fields are those of :class:`ContractResults`."""

LOG_DTYPE: Final = np.dtype(
    [*TRADE_DTYPE.descr, ("entry_ns", np.int64), ("exit_ns", np.int64)],
)
"""One trade: contracts are counted over the partition's selected ones, rows over its file; times
are nanoseconds of the exchange's wall clock."""


@dataclass(slots=True)
class ContractsFound:
    """Results of each contract of a slice."""

    first: int
    """The slice's first contract, counted over the partition's selected ones."""

    times: int | None
    """Which column has the times for a trade log; None without one."""

    contracts: npt.NDArray[np.void]
    """:data:`CONTRACT_DTYPE` of shape (contracts of the slice,)."""

    logs: list[npt.NDArray[np.void]] = field(default_factory=list)
    """Arrays of :data:`LOG_DTYPE`, by contract and entry."""

    def add(self, block: Block, span: slice, found: ContractResults) -> None:
        """Add the results of the contracts of ``block``."""
        for name in CONTRACT_DTYPE.names or ():
            self.contracts[name][span] = getattr(found, name)
        if self.times is not None:
            self.logs.append(self._placed(found, block, self.times))

    def _placed(self, found: ContractResults, block: Block, times: int) -> npt.NDArray[np.void]:
        """A block's trades, counted over the partition and its file, with their times."""
        assert found.log is not None
        placed = np.zeros(len(found.log), LOG_DTYPE)
        for name in TRADE_DTYPE.names or ():
            placed[name] = found.log[name]
        placed["entry_ns"] = block.chunks.take(times, found.log["entry_row"])
        placed["exit_ns"] = block.chunks.take(times, found.log["exit_row"])
        placed["contract"] += self.first + block.low
        placed["entry_row"] += block.first_row
        placed["exit_row"] += block.first_row
        return placed


@dataclass(frozen=True, slots=True)
class OneSet:
    """The inner loop of a run."""

    def load(
        self, spec: KernelSpec, variant: Variant, *, announce: Announce | None = None
    ) -> CompiledKernel:
        """The kernel, compiled for one set of parameters."""
        return load_kernel(spec, variant, announce=announce)

    def gather(self, job: Job[Any], part: Slice) -> ContractsFound:
        """Results of each contract of ``part``, all zero."""
        return ContractsFound(
            first=part.first,
            times=job.names.index(TIME) if job.variant.logged else None,
            contracts=np.zeros(len(part.starts), CONTRACT_DTYPE),
        )
