"""What a sweep of a slice gives, and the plain way to it: a run for each parameter set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.loading.failure import KernelFailedError
from tickloom.engine.loading.kernel import CompiledKernel
from tickloom.errors import PluginError


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResults:
    """Results per parameter set and contract of a slice, each of shape (sets, contracts)."""

    pnl: NDArray[np.float64]
    """Profit, as in :class:`~tickloom.engine.loading.results.ContractResults`."""

    trades: NDArray[np.int64]
    """Trades opened."""

    skipped: NDArray[np.int64]
    """Rows without a usable price, shape (contracts,): the same for every set."""

    @classmethod
    def zeros(cls, sets: int, contracts: int) -> SweepResults:
        """Results to be filled in."""
        return cls(
            pnl=np.zeros((sets, contracts), np.float64),
            trades=np.zeros((sets, contracts), np.int64),
            skipped=np.zeros(contracts, np.int64),
        )

    @classmethod
    def joined(cls, parts: Sequence[SweepResults]) -> SweepResults:
        """The results of the sets of ``parts``, one after another; one part at least."""
        return cls(
            pnl=np.concatenate([part.pnl for part in parts]),
            trades=np.concatenate([part.trades for part in parts]),
            skipped=parts[0].skipped,
        )


class Repeated:
    """A plain call for each set. An error names the first set that fails, and of its run the first
    contract."""

    def __init__(self, kernel: CompiledKernel) -> None:
        self._kernel = kernel

    def __call__(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        **settings: Any,
    ) -> SweepResults:
        results = SweepResults.zeros(len(params), len(offsets) - 1)
        for number, record in enumerate(params):
            try:
                found = self._kernel(record, offsets, columns, **settings)
            except KernelFailedError as failure:
                raise failure.adding(f" (with {_listed(record)})") from failure
            except PluginError as error:
                raise PluginError(f"{error} (with {_listed(record)})") from error
            results.pnl[number], results.trades[number] = found.pnl, found.trades
            results.skipped[:] = found.skipped
        return results


def _listed(params: Any) -> str:
    given = zip(params._fields, params, strict=True)
    return ", ".join(f"{name}={value}" for name, value in given) or "no parameters"
