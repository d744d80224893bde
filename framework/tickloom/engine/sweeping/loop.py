"""Calls a compiled loop over many parameter sets: what all such loops are given and give back."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.cache.link import Linked
from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.kernels.variant import required_columns
from tickloom.engine.loading.checks import check_facts, check_slice
from tickloom.engine.loading.kernel import CompiledKernel
from tickloom.engine.loading.results import ContractFacts
from tickloom.engine.loops.entry import OK
from tickloom.engine.orders import CostTerms, FillModel
from tickloom.engine.sweeping.one_by_one import SweepResults

_NOTHING: Final = np.zeros(1, np.int64)


class SweepLoop:
    """A loop with its machine code. Threads may share it."""

    def __init__(
        self, kernel: CompiledKernel, code: Linked, arguments: Sequence[str], numbers: Sequence[str]
    ) -> None:
        """``arguments`` come before the columns; of them, ``numbers`` are int64 and the others
        pointers to arrays."""
        self._spec = kernel.spec
        self._code = code  # stays loaded as long as it may be called
        self._arguments = tuple(arguments)
        self._names = required_columns(kernel.spec, kernel.variant)
        self._dtypes = kernel.variant.column_dtypes(kernel.spec)
        types = [ctypes.c_int64 if name in numbers else ctypes.c_void_p for name in arguments]
        pointers = [ctypes.c_void_p] * len(self._names)
        self._call = ctypes.CFUNCTYPE(ctypes.c_int64, *types, *pointers)(code.address)

    def check(
        self,
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        facts: ContractFacts | None,
        fill: FillModel | None,
        costs: CostTerms | None,
    ) -> None:
        """Raise :class:`ValueError` unless the loop can be called so."""
        if costs is not None or (fill or FillModel()) != FillModel():
            raise ValueError("compiled for plain fills without costs; ask load_sweep for a variant")
        check_slice(offsets, Chunks.whole(columns), self._names, self._dtypes)
        check_facts(facts, len(offsets) - 1, bool(self._spec.clock))

    def __call__(
        self,
        given: Mapping[str, int | NDArray[Any]],
        sets: int,
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        facts: ContractFacts | None,
    ) -> SweepResults | None:
        """Run ``sets`` parameter sets over a slice that was checked; ``given`` are the arguments of
        this loop alone. None where one of them fails: which one, and where, only runs can tell."""
        contracts = len(offsets) - 1
        results = SweepResults.zeros(sets, contracts)
        every: dict[str, int | NDArray[Any]] = {
            **given,
            "contracts": contracts,
            "bound": self._spec.max_position,
            "offsets": offsets,
            "expiry_day": facts.expiry_day if facts else _NOTHING,
            "strike": facts.strike if facts else _NOTHING,
            "is_call": facts.is_call if facts else _NOTHING,
            "pnl": results.pnl,
            "trades": results.trades,
            "skipped": results.skipped,
        }
        found = (every[name] for name in self._arguments)
        fixed = [value if isinstance(value, int) else value.ctypes.data for value in found]
        status = self._call(*fixed, *(column.ctypes.data for column in columns))
        return results if status == OK else None
