"""Calls the sweep loop of a step without a state: features and gates once for all sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.kernels.constants import (
    GATE,
    Exactly,
    constant_records,
    prepare_constants,
)
from tickloom.engine.loading.code import LoopCode
from tickloom.engine.loading.kernel import CompiledKernel
from tickloom.engine.loading.results import ContractFacts
from tickloom.engine.loops.many_sets.cells import CELL_ROW, FEATURE_SLOTS, GROUP, TILE
from tickloom.engine.loops.many_sets.words import WORD
from tickloom.engine.sweeping.loop import OnePass
from tickloom.engine.sweeping.one_by_one import SweepResults

TOGETHER: Final = 256
"""Sets in one pass over the rows. If they share nothing, each number of a feature takes 0.5 MB."""

_LINE: Final = 8
"""Numbers of 8 bytes in a cache line."""

_REMEMBERED: Final = 64
"""Batches of sets whose constants are kept."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """What some parameter sets have in common."""

    edges: NDArray[np.int64]
    """First cell of each feature, and the number of all, shape (features + 1,)."""

    cell_of: NDArray[np.int64]
    """The cell of each feature and set, shape (features, sets)."""

    gate_of: NDArray[np.int64]
    """The gate of each set, shape (sets,)."""

    own: NDArray[np.float64]
    """The step's constants, shape (sets, fields)."""

    cells: NDArray[np.float64]
    """Constants of each cell, shape (cells, most fields of a feature)."""

    limits: NDArray[np.float64]
    """Constants of each gate, shape (gates, fields)."""


class SharedPass(OnePass):
    """The sweep loop: each distinct feature and gate once, then set by set."""

    few = 2

    def __init__(self, kernel: CompiledKernel, code: LoopCode) -> None:
        super().__init__(kernel, code)
        # Of one sweep, whose slices ask again and again for the same sets.
        self._shared = lru_cache(_REMEMBERED)(self._find_shared)

    def _batches(self, params: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """As many sets as go together in one pass each."""
        yield params[:TOGETHER]
        for start in range(TOGETHER, len(params), TOGETHER):
            yield params[start : start + TOGETHER]

    def _together(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        facts: ContractFacts | None,
    ) -> SweepResults:
        shared, sets = self._shared(Exactly.of(tuple(params))), len(params)
        cells = len(shared.cells)
        given: dict[str, int | NDArray[Any]] = {
            "sets": sets,
            "gates": len(shared.limits),
            "cells": cells,
            "edges": shared.edges,
            "cell_of": shared.cell_of,
            "gate_of": shared.gate_of,
            "constants_f": shared.own,
            "constants_i": shared.own,
            "shared_f": shared.cells,
            "shared_i": shared.cells,
            "limits_f": shared.limits,
            "limits_i": shared.limits,
            "now_f": np.empty(FEATURE_SLOTS * cells, np.float64),
            "now_i": np.empty(FEATURE_SLOTS * cells, np.int64),
            "values_f": aligned(FEATURE_SLOTS * cells * CELL_ROW, np.float64),
            "values_i": aligned(FEATURE_SLOTS * cells * CELL_ROW, np.int64),
            "usable": np.empty(TILE // WORD, np.int64),
            "allowed": np.empty(len(shared.limits) * TILE // WORD, np.int64),
            "positions": np.empty(2 * sets, np.int64),
            "booked": np.empty(2 * sets, np.float64),
        }
        found = self._loop(given, sets, offsets, columns, facts)
        # A run may well do without: the loop asks the step about rows at which no run holds what a
        # set holds for a while.
        return found or self._alone(params, offsets, columns, facts=facts)

    def _find_shared(self, key: Exactly) -> _Shared:
        params = key.params
        packed = np.array(
            [self._layout.pack(prepare_constants(self._spec, record)) for record in params]
        )
        widths = {part: len(r) for part, r in constant_records(self._spec, params[0]).items()}
        ends = np.cumsum(list(widths.values()))
        pieces = dict(zip(widths, np.split(packed, ends[:-1], axis=1), strict=True))
        own, gate = pieces.pop(""), pieces.pop(GATE, packed[:, :0])
        limits, gate_of = _distinct(gate)
        most = max([1, *(piece.shape[1] for piece in pieces.values())])
        edges, cell_of, cells = [0], [], []
        for piece in pieces.values():
            constants, places = _distinct(piece)
            cell_of.append(edges[-1] + places)
            # A group goes through the loop as a whole: the last cell fills it.
            missing = -len(constants) % GROUP
            constants = np.concatenate([constants, np.repeat(constants[-1:], missing, axis=0)])
            cells.append(np.pad(constants, ((0, 0), (0, most - constants.shape[1]))))
            edges.append(edges[-1] + len(constants))
        return _Shared(
            edges=np.array(edges, np.int64),
            cell_of=np.array(cell_of, np.int64),
            gate_of=gate_of,
            own=np.ascontiguousarray(own),
            cells=np.concatenate(cells) if cells else np.zeros((0, most)),
            limits=limits,
        )


def _distinct(
    records: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The distinct rows of ``records``, told apart by their bits, and which of them each one is."""
    seen: dict[bytes, int] = {}
    places = [seen.setdefault(record.tobytes(), len(seen)) for record in records]
    distinct = np.frombuffer(b"".join(seen), np.float64).reshape(len(seen), records.shape[1])
    return distinct.copy(), np.array(places, np.int64)


def aligned(count: int, kind: type[np.float64] | type[np.int64]) -> NDArray[Any]:
    """An empty array of 8-byte numbers, shape (count,), that begins at a cache line.

    A mask reads a cell's values eight at a time, and each cell begins at a line where the first one
    does. Left to chance, a sweep of ema-cross-features took 45 to 58 ms; now it takes 45.
    """
    room = np.empty(count + _LINE - 1, kind)
    start = -room.ctypes.data // room.itemsize % _LINE
    return room[start : start + count]
