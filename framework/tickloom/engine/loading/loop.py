"""Calls compiled loops through their C entry points: checks arguments, gathers results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.loading import failure
from tickloom.engine.loading.code import LoopCode
from tickloom.engine.loading.failure import KernelFailedError
from tickloom.engine.loading.results import TRADE_DTYPE, ContractFacts, ContractResults
from tickloom.engine.loops.entry import (
    CONTRACT,
    COUNTS,
    DECODED_ROWS,
    LOG_FULL,
    LOGGED,
    OK,
    OUT_OF_BOUNDS,
    OUTCOMES,
    RAISED,
    ROW,
    SIDE_BY_SIDE,
    STATUS,
    WANTED,
)
from tickloom.engine.loops.shape import runs_side_by_side
from tickloom.engine.orders import CostTerms, FillModel

_FIRST_LOG: Final = 1024
"""Trades that a log has room for at first; it grows by :data:`_GROWTH` and the slice is run again
when that is too few."""

_GROWTH: Final = 4
_FREE: Final = CostTerms()
_NO_LOG: Final = -1
_EMPTY_I: Final = np.zeros(1, np.int64)
_EMPTY_F: Final = np.zeros(1, np.float64)


@dataclass(frozen=True, slots=True)
class Settings:
    """The run-time values of one call."""

    constants: NDArray[np.float64]
    """The packed constants."""

    bound: int
    """The largest position allowed, contracts."""

    fill: FillModel
    """Values of latency and staleness."""

    costs: CostTerms | None
    """Values of the cost terms; None without costs."""

    facts: ContractFacts | None
    """Facts of each contract; None without clock fields."""


class Loop:
    """A loop as a callable; it may be called from several threads at once."""

    def __init__(self, kernel: Specialised, code: LoopCode) -> None:
        """Calls hand over the kernel's columns; where its author writes wanted positions, those
        that the accounting reads, and ``wanted``."""
        stepping = kernel.spec.kind == "step"
        given = kernel.columns if stepping else (*kernel.accounted, "wanted")
        self._kernel = kernel.spec.name
        self._code = code
        self._variant = kernel.variant
        self._names = kernel.loop_columns
        self._columns = [given.index(name) if name in given else None for name in self._names]
        self._timed = "timestamp_ns" in given

    def __call__(
        self, offsets: NDArray[np.int64], columns: Chunks, settings: Settings
    ) -> ContractResults:
        """Run over the contracts of ``offsets``; arguments are checked already."""
        capacity = _FIRST_LOG if self._variant.logged else _NO_LOG
        while True:
            status, results, place = self._once(offsets, columns, settings, capacity)
            if status != LOG_FULL:
                break
            capacity *= _GROWTH
        if status != OK and runs_side_by_side(self._names, self._variant):
            status, place = self._first_failure(offsets, columns, settings)
        if status != OK:
            raise self._failure(status, place, settings.bound)
        return results

    def _first_failure(
        self, offsets: NDArray[np.int64], columns: Chunks, settings: Settings
    ) -> tuple[int, NDArray[np.int64]]:
        """How the first contract that fails ends. Of two that run side by side the later one may
        fail before it, and an exception does not say in which of them it was raised."""
        for contract in range(len(offsets) - 1):
            alone = replace(settings, facts=_only(settings.facts, contract))
            piece = offsets[contract : contract + 2]
            status, _results, place = self._once(piece, columns, alone, _NO_LOG)
            if status != OK:
                break
        place[CONTRACT] = contract
        return status, place

    def _once(
        self,
        offsets: NDArray[np.int64],
        columns: Chunks,
        settings: Settings,
        capacity: int,
    ) -> tuple[int, ContractResults, NDArray[np.int64]]:
        contracts = len(offsets) - 1
        outcomes = np.zeros((len(OUTCOMES), contracts), np.float64)
        counts = np.zeros((len(COUNTS), contracts), np.int64)
        place = np.zeros(STATUS + 1, np.int64)
        log_i = np.empty((max(capacity, 0), 4), np.int64)
        log_f = np.empty((max(capacity, 0), 4), np.float64)
        facts = settings.facts
        decoded = np.empty(SIDE_BY_SIDE * DECODED_ROWS, np.float64)
        given: dict[str, Any] = {
            "contracts": contracts,
            "offsets": offsets,
            "expiry_day": facts.expiry_day if facts else _EMPTY_I,
            "strike": facts.strike if facts else _EMPTY_F,
            "is_call": facts.is_call if facts else _EMPTY_I,
            "constants_f": settings.constants,
            "constants_i": settings.constants,
            "fill_values": _fill_values(settings, self._timed),
            "terms": _terms(settings.costs or _FREE),
            "multiplier": _multiplier(settings.costs or _FREE, contracts),
            "outcomes": outcomes,
            "counts": counts,
            "place": place,
            "queue": self._queue(offsets),
            "log_i": log_i,
            "log_f": log_f,
            "log_capacity": capacity,
            "edges": columns.edges,
            "decoded": decoded.ctypes.data,
            "tables": self._code.tables(columns, self._columns),
            "pieces": len(columns.edges) - 1,
        }
        status = self._code(given)
        if status == RAISED and place[STATUS] != OK:
            status = int(place[STATUS])
        log = _log(log_i, log_f, int(place[LOGGED])) if self._variant.logged else None
        pnl, costs = outcomes
        trades, skipped, unfilled, partial = counts
        results = ContractResults(
            pnl=pnl,
            trades=trades,
            skipped=skipped,
            costs=costs,
            unfilled=unfilled,
            partial=partial,
            log=log,
        )
        return status, results, place

    def _queue(self, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Room for the orders under way: at most one a tick of the longest contract."""
        if self._variant.latency == "none":
            return _EMPTY_I
        longest = int(np.diff(offsets).max(initial=0))
        return np.empty(2 * longest + 2, np.int64)

    def _failure(self, status: int, place: NDArray[np.int64], bound: int) -> KernelFailedError:
        contract, row = int(place[CONTRACT]), int(place[ROW])
        if status == OUT_OF_BOUNDS:
            return KernelFailedError(
                f"kernel {self._kernel!r} wanted a position of {place[WANTED]} at row "
                f"{failure.ROW} of {failure.CONTRACT}; its max_position is {bound}. Bound the "
                "wanted position, or register a larger max_position",
                contract,
                row,
            )
        text = f"kernel {self._kernel!r} raised an exception in {failure.CONTRACT}"
        return KernelFailedError(text, contract, raised=True)


def _only(facts: ContractFacts | None, contract: int) -> ContractFacts | None:
    """The facts of one contract."""
    if facts is None:
        return None
    here = slice(contract, contract + 1)
    return ContractFacts(
        expiry_day=facts.expiry_day[here], strike=facts.strike[here], is_call=facts.is_call[here]
    )


def _fill_values(settings: Settings, timed: bool) -> NDArray[np.int64]:
    fill = settings.fill
    latency = fill.latency_ticks or fill.latency_ns
    stale = fill.stale_ns or np.iinfo(np.int64).max
    return np.array([latency, stale, settings.bound, fill.latency_ticks > 0, timed], np.int64)


def _terms(costs: CostTerms) -> NDArray[np.float64]:
    return np.array(
        [costs.per_order, costs.per_contract, costs.buy_rate, costs.sell_rate], np.float64
    )


def _multiplier(costs: CostTerms, contracts: int) -> NDArray[np.float64]:
    lots = np.broadcast_to(np.asarray(costs.multiplier, np.float64), (contracts,))
    return np.ascontiguousarray(lots)


def _log(log_i: NDArray[np.int64], log_f: NDArray[np.float64], trades: int) -> NDArray[np.void]:
    log = np.empty(trades, TRADE_DTYPE)
    names = TRADE_DTYPE.names or ()
    for place, name in enumerate(names[:4]):
        log[name] = log_i[:trades, place]
    for place, name in enumerate(names[4:]):
        log[name] = log_f[:trades, place]
    return log
