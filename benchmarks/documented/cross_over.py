"""The documented strategy over arrays whose averages somebody else has computed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]

COLUMNS = ("price", "bp0", "sp0", "volume")
"""What the strategy looks at."""


class Outcome(NamedTuple):
    """What a design makes of some files."""

    pnl: float
    """Sum over all trades, in price points."""

    trades: int
    """Entries."""

    rows: int
    """Rows read."""


def total(outcomes: list[Outcome]) -> Outcome:
    """The outcomes of several files as one, summed in their order."""
    return Outcome(
        sum(outcome.pnl for outcome in outcomes),
        sum(outcome.trades for outcome in outcomes),
        sum(outcome.rows for outcome in outcomes),
    )


@njit(fastmath=True, nogil=True)
def may_enter(bid: float, ask: float, volume: float) -> bool:
    """Is the spread at most 5 basis points of the mid price, and was anything traded today?"""
    if not (ask > 0.0 and bid > 0.0 and volume >= 1.0):
        return False
    return (ask - bid) / (0.5 * (ask + bid)) <= 0.0005


@njit(fastmath=True, nogil=True)
def trade_contracts(
    contract_ids: npt.NDArray[np.uint64],
    prices: Floats,
    ema5: Floats,
    ema21: Floats,
    bid0: Floats,
    ask0: Floats,
    volume: Floats,
) -> tuple[float, int]:
    """PnL and trades over rows grouped by contract; all arrays have one element a row."""
    pnl = 0.0
    trades = 0
    pos = 0
    entry_price = 0.0
    n = len(prices)
    for i in range(1, n):
        if contract_ids[i] != contract_ids[i - 1]:
            pos = 0
            continue
        if pos == 0:
            if ema5[i] > ema21[i] and may_enter(bid0[i], ask0[i], volume[i]):
                pos = 1
                entry_price = prices[i]
                trades += 1
        elif ema21[i] >= ema5[i] or i == n - 1 or contract_ids[i + 1] != contract_ids[i]:
            pnl += prices[i] - entry_price
            pos = 0
    return pnl, trades
