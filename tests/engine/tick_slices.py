"""Slices of random ticks: quiet and busy contracts, gaps in prices and quotes, tight spreads."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.kernels.columns import column_kind

NS_PER_SECOND = 1_000_000_000

_MARGIN = 50
"""Rows on either side of a piece."""


@dataclass
class TickSlice:
    """Whole contracts, one after another."""

    offsets: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64] | NDArray[np.int64]] = field(default_factory=dict)

    @property
    def contracts(self) -> int:
        return len(self.offsets) - 1

    def arrays(self, names: tuple[str, ...]) -> list[NDArray[np.float64] | NDArray[np.int64]]:
        return [self.columns[name] for name in names]

    def hide_ends(self) -> None:
        """Take the price from the first and last three ticks of contracts of more than nine."""
        for low, high in pairwise(self.offsets.tolist()):
            if high - low > 9:
                self.columns["price"][low : low + 3] = np.nan
                self.columns["price"][high - 3 : high] = np.nan

    def cuts(self) -> Iterator[list[int]]:
        """Rows at which columns can be cut into chunks: around contracts' edges, amid runs of
        missing prices, and everywhere."""
        rows = int(self.offsets[-1])
        yield list(range(7, rows, 7))
        yield sorted({int(row) + by for row in self.offsets for by in (-1, 0, 1)} - {-1})
        yield np.flatnonzero(~(self.columns["price"] > 0)).tolist()
        yield list(range(1, rows))

    def rows(self, contract: int, names: tuple[str, ...]) -> list[tuple[float | int, ...]]:
        """Plain Python ticks of one contract."""
        low, high = int(self.offsets[contract]), int(self.offsets[contract + 1])
        return [tuple(self.columns[name][row].item() for name in names) for row in range(low, high)]


def in_pieces(columns: Sequence[NDArray[Any]], cuts: list[int]) -> Chunks:
    """``columns`` cut at ``cuts``. Each piece lies alone among prices and quotes that it does not
    have, so that a row taken from beyond its ends shows."""
    return Chunks.cut([[_alone(piece) for piece in np.split(c, cuts)] for c in columns])


def _alone(piece: NDArray[Any]) -> NDArray[Any]:
    around = np.full(len(piece) + 2 * _MARGIN, 77, piece.dtype)
    around[_MARGIN : _MARGIN + len(piece)] = piece
    return around[_MARGIN : _MARGIN + len(piece)]


def random_slice(seed: int, lengths: tuple[int, ...], gaps: float = 0.03) -> TickSlice:
    """Contracts of ``lengths`` ticks with all five levels; ``gaps`` is the share of missing
    prices and quotes. The same seed gives the same ticks."""
    chance = random.Random(seed)
    rows = [row for length in lengths for row in _contract(chance, length, gaps)]
    names = ["timestamp_ns", "price", "volume", *_book_names()]
    columns = {
        name: np.array([row[place] for row in rows], column_kind(name))
        for place, name in enumerate(names)
    }
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return TickSlice(offsets, columns)


def _book_names() -> list[str]:
    return [f"{side}{level}" for level in range(5) for side in ("bp", "bq", "sp", "sq")]


def _contract(chance: random.Random, length: int, gaps: float) -> list[list[float]]:
    price = chance.choice([0.6, 12.0, 250.0, 48_000.0])
    stamp, volume, rows = 33_300 * NS_PER_SECOND, 0, []
    for _ in range(length):
        stamp += chance.choice([0, 1, 1, 3, 40]) * NS_PER_SECOND
        price = max(0.05, round(price * (1 + chance.gauss(0, 0.002)), 2))
        volume += chance.choice([0, 0, 25, 75])
        shown = chance.choice([math.nan, 0.0, -1.0]) if chance.random() < gaps else price
        rows.append([stamp, shown, volume, *_book(chance, price, gaps)])
    return rows


def _book(chance: random.Random, price: float, gaps: float) -> list[float]:
    half = price * chance.choice([0.0001, 0.0002, 0.001])
    values: list[float] = []
    for level in range(5):
        away = half * (1 + level)
        missing = chance.random() < gaps
        bid = math.nan if missing else round(price - away, 4)
        ask = chance.choice([math.nan, 0.0]) if chance.random() < gaps else round(price + away, 4)
        if chance.random() < gaps:
            bid, ask = ask, bid  # crossed
        values += [bid, chance.choice([0, 1, 2, 3, 50]), ask, chance.choice([0, 1, 2, 3, 50])]
    return values
