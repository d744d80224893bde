"""Calls the sweep loop of a step with a state of its own: sets side by side in lanes."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.cache.link import Linked
from tickloom.engine.chunks import Chunks
from tickloom.engine.codegen.fill_source import OK
from tickloom.engine.codegen.sweep_source import (
    FLOAT_SLOTS,
    INT_SLOTS,
    LANES,
    STATE_SLOTS,
    SWEEP_ARGUMENTS,
)
from tickloom.engine.compiled import CompiledKernel
from tickloom.engine.constants import layout_of, prepare_constants
from tickloom.engine.contract_results import ContractFacts
from tickloom.engine.costs import CostTerms
from tickloom.engine.fills import FillModel
from tickloom.engine.slice_check import check_facts, check_slice
from tickloom.engine.sweep_runs import Repeated, SweepResults
from tickloom.engine.variant import required_columns

_FEW = 8
"""Sets that are quicker run one by one."""

_NOTHING = np.zeros(1, np.int64)


class LanesPass:
    """The sweep loop that carries blocks of sets side by side from row to row."""

    def __init__(self, kernel: CompiledKernel, code: Linked) -> None:
        spec, variant = kernel.spec, kernel.variant
        self._spec = spec
        self._alone = Repeated(kernel)
        self._code = code
        self._layout = layout_of(spec)
        self._names = required_columns(spec, variant)
        self._dtypes = variant.column_dtypes(spec)
        count = len(SWEEP_ARGUMENTS) + len(self._names)
        arguments: list[Any] = [ctypes.c_void_p] * count
        for name in ("contracts", "blocks", "bound"):
            arguments[SWEEP_ARGUMENTS.index(name)] = ctypes.c_int64
        self._call = ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(code.address)

    def __call__(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        *,
        facts: ContractFacts | None,
        fill: FillModel | None,
        costs: CostTerms | None,
    ) -> SweepResults:
        """Whole blocks of sets in one pass each, a few left over one by one."""
        if costs is not None or (fill or FillModel()) != FillModel():
            raise ValueError("compiled for plain fills without costs; ask load_sweep for a variant")
        # A block costs the same however few of its lanes are used: about eight plain runs.
        alone = len(params) % LANES
        alone = alone if alone <= _FEW else 0
        together = params[: len(params) - alone]
        few = self._alone(params[len(together) :], offsets, columns, facts=facts)
        if not together:
            return few
        many = self._blocks(together, offsets, columns, facts)
        return SweepResults(
            pnl=np.concatenate([many.pnl, few.pnl]),
            trades=np.concatenate([many.trades, few.trades]),
            skipped=many.skipped,
        )

    def _blocks(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        facts: ContractFacts | None,
    ) -> SweepResults:
        contracts = len(offsets) - 1
        check_slice(offsets, Chunks.whole(columns), self._names, self._dtypes)
        check_facts(facts, contracts, bool(self._spec.clock))
        constants = self._pack(params)
        blocks = len(constants)
        pnl = np.zeros((blocks * LANES, contracts), np.float64)
        trades = np.zeros((blocks * LANES, contracts), np.int64)
        skipped = np.zeros(contracts, np.int64)
        scratch_f = np.zeros((FLOAT_SLOTS + STATE_SLOTS) * LANES, np.float64)
        scratch_i = np.zeros((INT_SLOTS + STATE_SLOTS) * LANES, np.int64)
        arrays = {
            "offsets": offsets,
            "expiry_day": facts.expiry_day if facts else _NOTHING,
            "strike": facts.strike if facts else _NOTHING,
            "is_call": facts.is_call if facts else _NOTHING,
            "constants_f": constants,
            "constants_i": constants,
            "scratch_f": scratch_f,
            "scratch_i": scratch_i,
            "pnl": pnl,
            "trades": trades,
            "skipped": skipped,
        }
        numbers = {"contracts": contracts, "blocks": blocks, "bound": self._spec.max_position}
        fixed = [
            numbers[name] if name in numbers else arrays[name].ctypes.data
            for name in SWEEP_ARGUMENTS
        ]
        status = self._call(*fixed, *(column.ctypes.data for column in columns))
        if status != OK:  # which set failed, and where, only runs can tell
            return self._alone(params, offsets, columns, facts=facts)
        sets = len(params)
        return SweepResults(pnl=pnl[:sets], trades=trades[:sets], skipped=skipped)

    def _pack(self, params: Sequence[Any]) -> NDArray[np.float64]:
        """Constants in lanes, shape (blocks, fields, lanes); the last set fills the last block."""
        packed = [self._layout.pack(prepare_constants(self._spec, record)) for record in params]
        blocks = -(-len(packed) // LANES)
        packed += packed[-1:] * (blocks * LANES - len(packed))
        slots = np.array(packed, np.float64).reshape(blocks, LANES, len(self._layout.kinds))
        return np.ascontiguousarray(slots.transpose(0, 2, 1))
