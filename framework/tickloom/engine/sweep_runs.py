"""What a sweep of a slice gives, and the plain way to it: a run for each parameter set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.codegen.fill_source import OUT_OF_BOUNDS
from tickloom.engine.compiled import CompiledKernel
from tickloom.errors import PluginError
from tickloom.specs.kernel import KernelSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResults:
    """Results per parameter set and contract of a slice, each of shape (sets, contracts)."""

    pnl: NDArray[np.float64]
    """Profit, as in :class:`~tickloom.engine.contract_results.ContractResults`."""

    trades: NDArray[np.int64]
    """Trades opened."""

    skipped: NDArray[np.int64]
    """Rows without a usable price, shape (contracts,): the same for every set."""


class Repeated:
    """A plain call for each set."""

    def __init__(self, kernel: CompiledKernel) -> None:
        self._kernel = kernel

    def __call__(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        **settings: Any,
    ) -> SweepResults:
        contracts = len(offsets) - 1
        pnl = np.zeros((len(params), contracts), np.float64)
        trades = np.zeros((len(params), contracts), np.int64)
        skipped = np.zeros(contracts, np.int64)
        for number, record in enumerate(params):
            results = self._kernel(record, offsets, columns, **settings)
            pnl[number], trades[number] = results.pnl, results.trades
            skipped = results.skipped
        return SweepResults(pnl=pnl, trades=trades, skipped=skipped)


def failure(spec: KernelSpec, status: int) -> PluginError:
    """What is told of a loop over many sets that stopped with ``status``."""
    if status == OUT_OF_BOUNDS:
        return PluginError(
            f"kernel {spec.name!r} wanted a position beyond its max_position of "
            f"{spec.max_position} with one of the parameter sets; run them one by one to see where"
        )
    return PluginError(
        f"kernel {spec.name!r} raised an exception with one of the parameter sets; call its step "
        "as plain Python to see it"
    )
