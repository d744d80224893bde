"""Calls the sweep loop of a step with a state of its own: sets side by side in lanes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.kernels.constants import prepare_constants
from tickloom.engine.loading.results import ContractFacts
from tickloom.engine.loops.many_sets.lanes import (
    FLOAT_SLOTS,
    INT_SLOTS,
    LANES,
    STATE_SLOTS,
)
from tickloom.engine.sweeping.loop import OnePass
from tickloom.engine.sweeping.one_by_one import SweepResults


class LanesPass(OnePass):
    """The sweep loop that carries blocks of sets side by side from row to row."""

    few = 8  # a block costs the same however few of its lanes are used: about eight plain runs

    def _batches(self, params: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """Whole blocks of sets, then a few left over."""
        alone = len(params) % LANES
        together = len(params) - (alone if alone <= self.few else 0)
        if together:
            yield params[:together]
        if together < len(params) or not params:
            yield params[together:]

    def _together(
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
