"""Calls the sweep loop of a step with a state of its own: sets side by side in lanes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.kernels.constants import layout_of, prepare_constants
from tickloom.engine.loading.code import LoopCode
from tickloom.engine.loading.kernel import CompiledKernel
from tickloom.engine.loading.results import ContractFacts
from tickloom.engine.loops.many_sets.lanes import (
    FLOAT_SLOTS,
    INT_SLOTS,
    LANES,
    STATE_SLOTS,
)
from tickloom.engine.orders import CostTerms, FillModel
from tickloom.engine.sweeping.loop import SweepLoop
from tickloom.engine.sweeping.one_by_one import Repeated, SweepResults

_FEW = 8
"""Sets that are quicker run one by one."""


class LanesPass:
    """The sweep loop that carries blocks of sets side by side from row to row."""

    def __init__(self, kernel: CompiledKernel, code: LoopCode) -> None:
        self._spec = kernel.spec
        self._alone = Repeated(kernel)
        self._layout = layout_of(kernel.spec)
        self._loop = SweepLoop(kernel, code)

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
        self._loop.check(offsets, columns, facts, fill, costs)
        # A block costs the same however few of its lanes are used: about eight plain runs.
        alone = len(params) % LANES
        alone = alone if alone <= _FEW else 0
        together = params[: len(params) - alone]
        few = self._alone(params[len(together) :], offsets, columns, facts=facts)
        if not together:
            return few
        return SweepResults.joined([self._blocks(together, offsets, columns, facts), few])

    def _blocks(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        facts: ContractFacts | None,
    ) -> SweepResults:
        constants = self._pack(params)
        given: dict[str, int | NDArray[Any]] = {
            "blocks": len(constants),
            "constants_f": constants,
            "constants_i": constants,
            "scratch_f": np.zeros((FLOAT_SLOTS + STATE_SLOTS) * LANES, np.float64),
            "scratch_i": np.zeros((INT_SLOTS + STATE_SLOTS) * LANES, np.int64),
        }
        found = self._loop(given, len(constants) * LANES, offsets, columns, facts)
        if found is None:
            return self._alone(params, offsets, columns, facts=facts)
        sets = len(params)  # without those that fill the last block
        return replace(found, pnl=found.pnl[:sets], trades=found.trades[:sets])

    def _pack(self, params: Sequence[Any]) -> NDArray[np.float64]:
        """Constants in lanes, shape (blocks, fields, lanes); the last set fills the last block."""
        packed = [self._layout.pack(prepare_constants(self._spec, record)) for record in params]
        blocks = -(-len(packed) // LANES)
        packed += packed[-1:] * (blocks * LANES - len(packed))
        slots = np.array(packed, np.float64).reshape(blocks, LANES, len(self._layout.kinds))
        return np.ascontiguousarray(slots.transpose(0, 2, 1))
