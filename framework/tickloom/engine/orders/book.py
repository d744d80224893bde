"""Arithmetic of the book: plain functions that are compiled into the loops that need them."""

from __future__ import annotations

import math


def crossed(bid: float, ask: float) -> bool:
    """Whether the best bid is above the best ask: a book that nobody could have traded with."""
    return bid > ask


def touch_price(delta: int, bid: float, ask: float) -> float:
    """The ask for a purchase (``delta`` > 0), the bid for a sale; NaN if it cannot be had."""
    price = ask if delta > 0 else bid
    return price if price > 0.0 and not crossed(bid, ask) else math.nan


def walk(
    size: int, lot: float, prices: tuple[float, ...], quantities: tuple[int, ...]
) -> tuple[int, float, float]:
    """Take ``size`` contracts of ``lot`` units from one side of the book, best level first.

    Levels without a price or with less than one contract are passed over. Returns the contracts
    filled, the sum of price times contracts, and the price of the last level taken (NaN if none).
    """
    filled = 0
    value = 0.0
    worst = math.nan
    # Python's // takes a remainder, which is slower than a division; with a lot of whole units both
    # give the same (quantities are below 2**53).
    whole = math.floor(lot) == lot
    for level in range(len(prices)):
        if filled < size and prices[level] > 0.0:
            quantity = quantities[level]
            lots = math.floor(quantity / lot) if whole else int(quantity // lot)
            taken = min(lots, size - filled)
            if taken > 0:
                filled += taken
                value += taken * prices[level]
                worst = prices[level]
    return filled, value, worst


def worse(delta: int, worst: float, price: float) -> float:
    """What a forced close pays for contracts that the book did not hold: ``price``, or the last
    level taken where that is worse."""
    if delta > 0:
        return max(worst, price) if worst > 0.0 else price
    return min(worst, price) if worst > 0.0 else price


FUNCTIONS = (crossed, touch_price, walk, worse)
"""All of them: what loops may call."""
