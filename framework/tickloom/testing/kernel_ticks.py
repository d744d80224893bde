"""Adversarial ticks: the slices that a kernel must get right, drawn by hypothesis."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from hypothesis import strategies as st

from tickloom.bench.ticks import Ticks
from tickloom.engine.kernels.columns import NS_PER_DAY, column_kind
from tickloom.engine.loading.kernel import ContractFacts

_DAY: Final = 20_090
"""2025-01-02, days since 1970-01-01."""

_OPENING: Final = _DAY * NS_PER_DAY + 33_300_000_000_000
_MISSING: Final = (math.nan, 0.0, -1.0)
_MISSES: Final = 218
"""Of the bytes that are drawn for a price, the first that leaves it out; it is so for 15 in 100."""

_MOVES: Final = (0.0, 0.0, 0.05, -0.05, 1.0, -1.0, 37.5, -37.5)
"""Changes of the price from tick to tick; equal prices are the commonest."""

_QUOTE_DISTANCES: Final = (0.0001, 0.0001, 0.001, 0.05, -0.01, math.nan)
"""Distance of a quote from the price, as a share of it; negative is a crossed book."""

_QUANTITIES: Final = (0, 0, 1, 25, 75, 2_147_483_648)
_GAPS_NS: Final = (0, 0, 10**9, 10**9, 60 * 10**9, 900 * 10**9)
"""From tick to tick; the longest, so that a contract reaches the afternoon. 40 stay in the day."""

_STRIKES: Final = (48_000.0, 48_500.0, 52.5)


@st.composite
def slices(draw: st.DrawFn, columns: tuple[str, ...], longest: int = 40) -> Ticks:
    """Slices of 0 to 5 contracts with 0 to ``longest`` ticks: missing prices and quotes, equal
    prices, volume resets, one-row contracts, contracts with nothing usable."""
    lengths = draw(st.lists(st.integers(0, longest) | st.sampled_from([0, 1, 2]), max_size=5))
    names = tuple(dict.fromkeys(("price", "timestamp_ns", *columns)))
    rows: dict[str, list[float]] = {name: [] for name in names}
    for length in lengths:
        _contract(draw, rows, length)
    count = len(lengths)
    facts = ContractFacts(
        expiry_day=np.array([_DAY + 7 * draw(st.integers(0, 1)) for _ in range(count)], np.int64),
        strike=np.array([draw(st.sampled_from(_STRIKES)) for _ in range(count)], np.float64),
        is_call=np.array([draw(st.integers(0, 1)) for _ in range(count)], np.int64),
    )
    values = {name: np.array(rows[name], column_kind(name)) for name in names}
    return Ticks(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), values, facts)


def _contract(draw: st.DrawFn, rows: dict[str, list[float]], length: int) -> None:
    price = draw(st.sampled_from((0.05, 12.0, 48_000.0)))
    stamp = _OPENING
    kinds = {name: column_kind(name) for name in rows}
    # A byte a value, all of a contract drawn at once: 200 slices take 0.9 s of CPU time rather than
    # 1.7 s with a draw for each value. Zeros, to which bytes shrink, are the plainest ticks.
    wide = 2 + len(rows)
    chance = draw(st.binary(min_size=length * wide, max_size=length * wide))
    for row in range(length):
        move, gap, *each = chance[row * wide : (row + 1) * wide]
        price = max(0.05, price + _MOVES[move % len(_MOVES)])
        stamp += _GAPS_NS[gap % len(_GAPS_NS)]
        for (name, values), byte in zip(rows.items(), each, strict=True):
            if name == "price":
                values.append(_MISSING[byte % len(_MISSING)] if byte >= _MISSES else price)
            elif name == "timestamp_ns":
                values.append(stamp)
            elif kinds[name] == "int64":
                values.append(_QUANTITIES[byte % len(_QUANTITIES)])
            else:
                away = _QUOTE_DISTANCES[byte % len(_QUOTE_DISTANCES)] * price
                values.append(price - away if name.startswith("b") else price + away)
