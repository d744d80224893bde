"""What a compiled loop takes besides columns, and what it gives back: arrays over contracts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

TRADE_DTYPE: Final = np.dtype(
    [
        ("contract", np.int64),
        ("entry_row", np.int64),
        ("exit_row", np.int64),
        ("size", np.int64),
        ("entry_price", np.float64),
        ("exit_price", np.float64),
        ("pnl", np.float64),
        ("costs", np.float64),
    ]
)
"""One trade, flat to flat: the contract's number and the rows of its first and last fill in the
slice; its largest position with its sign; the average prices of what built the position up and of
what took it down; profit after costs; costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFacts:
    """What clock fields need to know of each contract of a slice."""

    expiry_day: NDArray[np.int64]
    """Expiry, days since 1970-01-01, shape (contracts,)."""

    strike: NDArray[np.float64]
    """Strike price, shape (contracts,)."""

    is_call: NDArray[np.int64]
    """1 for CE, 0 for PE, shape (contracts,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractResults:
    """Results per contract of a slice, in the slice's order; each of shape (contracts,)."""

    pnl: NDArray[np.float64]
    """Profit: price points, or money after costs where the variant has costs."""

    trades: NDArray[np.int64]
    """Trades opened."""

    skipped: NDArray[np.int64]
    """Rows without a usable price."""

    costs: NDArray[np.float64]
    """Costs paid, currency; zeros without costs."""

    unfilled: NDArray[np.int64]
    """Ticks at which an order found no usable quote; zeros with fill ``last``."""

    partial: NDArray[np.int64]
    """Fills smaller than the order; zeros but with fill ``depth``."""

    log: NDArray[np.void] | None = None
    """The trades, :data:`TRADE_DTYPE`, by contract and entry; None without a trade log."""
