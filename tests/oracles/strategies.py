"""The built-in strategies as plain Python: each answers the positions to hold after each tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def account(prices: Sequence[float], wanted: Sequence[int]) -> tuple[float, int]:
    """Profit and trades of holding ``wanted[i]`` after tick i, flat before and after; the first
    tick's wish is not heard. Every contract of a fill changes hands at the tick's price."""
    cash, position, trades = 0.0, 0, 0
    for number in range(1, len(prices)):
        target = wanted[number]
        if target != position:
            opens = target != 0 and (position == 0 or (target > 0) != (position > 0))
            trades += int(opens)
            cash -= (target - position) * prices[number]
            position = target
    return cash + position * (prices[-1] if prices else 0.0), trades


def long_short_ema(
    prices: Sequence[float], fast_span: int, slow_span: int, band: float, size: int
) -> list[int]:
    """On the side of the fast average once it is further than ``band`` from the slow one."""
    wanted: list[int] = []
    fast = slow = 0.0
    for number, price in enumerate(prices):
        if number == 0:
            fast = slow = price
            wanted.append(0)
            continue
        fast += 2.0 / (fast_span + 1) * (price - fast)
        slow += 2.0 / (slow_span + 1) * (price - slow)
        if fast - slow > band * slow:
            wanted.append(size)
        elif slow - fast > band * slow:
            wanted.append(-size)
        else:
            wanted.append(wanted[-1])
    return wanted


def mean_reversion(prices: Sequence[float], span: int, entry: float, warm_up: int) -> list[int]:
    """Against the price where it is far from its moving average, until it is back."""
    weight = 2.0 / (span + 1)
    wanted: list[int] = []
    mean = variance = 0.0
    for number, price in enumerate(prices):
        if number == 0:
            mean = price
            wanted.append(0)
            continue
        away, held = price - mean, wanted[-1]
        if held == 0 and number >= warm_up and away != 0 and away**2 > entry**2 * variance:
            held = -1 if away > 0 else 1
        elif held != 0 and away * held >= 0:
            held = 0
        wanted.append(held)
        variance = (1.0 - weight) * (variance + weight * away * away)
        mean += weight * away
    return wanted


def book_imbalance(ticks: Sequence[Any], entry: float, leave: float, decay: float) -> list[int]:
    """On the heavier side of the book after two ticks that lean that way."""
    leaning = []
    for tick in ticks:
        bids = sum(getattr(tick, f"bq{i}") * decay**i for i in range(5))
        asks = sum(getattr(tick, f"sq{i}") * decay**i for i in range(5))
        leaning.append((bids - asks) / (bids + asks) if bids + asks > 0 else 0.0)
    wanted = [0] * len(leaning)
    for number in range(1, len(leaning)):
        before, now, held = leaning[number - 1], leaning[number], wanted[number - 1]
        if held == 0:
            held = int(min(before, now) >= entry) or -int(max(before, now) <= -entry)
        elif now * held <= leave:
            held = 0
        wanted[number] = held
    return wanted
