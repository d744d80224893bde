"""Ticks of whole sessions: contracts that are long and lively enough for a strategy to act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickloom.bench.ticks import Ticks
from tickloom.engine.kernels.columns import NS_PER_DAY, column_kind
from tickloom.engine.loading.kernel import ContractFacts

TICKS: Final = 3_000
"""Ticks of a contract of average length."""

CONTRACTS: Final = 24

_DAY: Final = 20_090
"""2025-01-02, days since 1970-01-01."""

_OPENING: Final = 33_300
_SESSION: Final = 22_500
"""09:15:00, seconds of the day, and how long it goes on."""

_TICK: Final = 5
"""The smallest change of a price, hundredths."""

_STARTS: Final = (1_200, 15_000, 48_000, 90_000)
"""First prices, hundredths."""

_CALM: Final = 400
"""A usual move is this part of the first price, and a whole number of the smallest changes."""

_DRIFTS: Final = (-0.4, -0.15, 0.0, 0.0, 0.15, 0.4)
"""Of a stretch, usual moves a tick."""

_SWINGS: Final = (0.0, 0.7, 0.7, 2.5)
"""Standard deviation of a move, usual moves."""

_ON_THE_MINUTE: Final = 0.1
"""Share of ticks on a whole minute, where bars begin and rules of the clock set in."""

_RESETS: Final = 0.25
"""Share of contracts whose volume begins again once."""


def session_ticks(
    columns: Sequence[str], *, ticks: int = TICKS, contracts: int = CONTRACTS, seed: int = 1
) -> Ticks:
    """Contracts with ``ticks`` ticks on average, from 09:15:00 to 15:30:00, in the columns of a
    kernel; the same in every call.

    Prices trend, swing, stand still and turn at the same level again and again; stamps are whole
    seconds, several ticks in one and many on the minute; a few rows have no price, no quotes or
    crossed ones; the book's sides lean for a while; cumulative columns grow.
    """
    random = np.random.default_rng(seed)
    lengths = (ticks * random.uniform(0.5, 1.5, contracts)).astype(int)
    names = tuple(dict.fromkeys(("price", "timestamp_ns", *columns)))
    facts = ContractFacts(
        expiry_day=_DAY + 7 * random.integers(0, 5, contracts),
        strike=(48_000 + 100 * random.permutation(contracts)).astype(np.float64),
        is_call=(np.arange(contracts, dtype=np.int64) + 1) % 2,
    )
    found: list[list[NDArray[Any]]] = [[] for _ in names]
    for number, length in enumerate(lengths.tolist()):
        contract = _Contract(random, length, _STARTS[number % len(_STARTS)])
        for name, column in zip(names, found, strict=True):
            column.append(contract.column(name))
    values = {n: np.concatenate(column) for n, column in zip(names, found, strict=True)}
    return Ticks(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), values, facts)


class _Contract:
    """One contract's day; prices in hundredths."""

    def __init__(self, random: np.random.Generator, length: int, start: int) -> None:
        self._random = random
        self._length = length
        seconds = random.integers(0, _SESSION + 1, length)
        on_the_minute = random.random(length) < _ON_THE_MINUTE
        self._seconds = _OPENING + np.sort(np.where(on_the_minute, seconds // 60 * 60, seconds))
        self._price = self._walk(start)
        self._volume = np.cumsum(random.integers(0, 4, length) * random.integers(0, 30, length))
        if random.random() < _RESETS:
            again = int(random.integers(0, length))
            self._volume[again:] -= self._volume[again]
        spread = _TICK * random.choice([1, 1, 1, 2, 20], length)
        crossed = random.random(length) < 0.02
        self._spread = np.where(crossed, -spread, spread)
        self._at_ask = random.integers(0, 2, length)

    def column(self, name: str) -> NDArray[Any]:
        """The values of the store's column ``name``, float64 or int64."""
        if name == "volume":
            return np.asarray(self._volume, np.int64)
        if name == "vol_delta":
            return np.maximum(np.diff(self._volume, prepend=self._volume[:1]), 0)
        if name in ("timestamp_ns", "timestamp", "ts", "lastTradeTime"):
            unit = 10**9 if name == "timestamp_ns" else 10**6
            return (_DAY * (NS_PER_DAY // 10**9) + self._seconds) * unit
        if column_kind(name) == "int64":
            return self._quantity(name)
        return self._missing(self._prices(name) / 100.0, 0.02)

    def _walk(self, start: int) -> NDArray[np.int64]:
        random, move = self._random, max(_TICK, start // _CALM // _TICK * _TICK)
        pieces, at, left = [], start, self._length
        while left > 0:
            rows = int(random.integers(20, 400))
            moves = random.normal(random.choice(_DRIFTS), random.choice(_SWINGS), rows)
            piece = at + move * np.cumsum(np.rint(moves)).astype(np.int64)
            if random.random() < 0.4:  # a range, whose edges are met exactly
                room = move * int(random.integers(2, 12))
                piece = np.clip(piece, at - room, at + room)
            pieces.append(np.maximum(piece, _TICK))
            at, left = int(pieces[-1][-1]), left - rows
        return np.concatenate(pieces)[: self._length]

    def _prices(self, name: str) -> NDArray[np.int64]:
        price, running = self._price, np.maximum.accumulate
        if len(name) == 3 and name[:2] in ("bp", "sp"):
            level = _TICK * int(name[2])
            if name[0] == "b":
                return price - self._at_ask * self._spread - level
            return price + (1 - self._at_ask) * self._spread + level
        derived: dict[str, Callable[[], NDArray[np.int64]]] = {
            "open": lambda: np.full_like(price, price[0]),
            "high": lambda: running(price),
            "low": lambda: -running(-price),
            "close": lambda: np.full_like(price, price[0] * 98 // 100),
            "avgPrice": lambda: np.cumsum(price) // np.arange(1, len(price) + 1),
            "changeper": lambda: (price * 10_000) // (price[0] * 98 // 100) - 10_000,
        }
        return derived[name]() if name in derived else price

    def _quantity(self, name: str) -> NDArray[np.int64]:
        if name in ("is_weekly", "is_monthly"):
            return np.full(self._length, int(name == "is_weekly"), np.int64)
        # Sides lean for a while: a book that is even on average never makes a strategy act.
        stretches = self._random.lognormal(0, 1.5, self._length // 64 + 1)
        lean = np.repeat(stretches, 64)[: self._length]
        return np.asarray(lean * self._random.integers(0, 20, self._length), np.int64) * 35

    def _missing(self, values: NDArray[np.float64], share: float) -> NDArray[np.float64]:
        chosen = self._random.random(self._length) < share
        values[chosen] = self._random.choice([np.nan, 0.0, -1.0], int(chosen.sum()))
        return values
