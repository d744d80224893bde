"""The documented EMA crossover as a plain Python loop over one contract's ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence


def ema_cross(
    ticks: Sequence[tuple[float, float, float, int]],
    fast_span: int = 5,
    slow_span: int = 21,
    max_spread: float = 0.0005,
    min_volume: int = 1,
    by_difference: bool = False,
) -> tuple[float, int, int]:
    """``(pnl, trades, rows skipped)`` of one contract's ``(price, bid, ask, volume)`` ticks."""
    usable = [tick for tick in ticks if not math.isnan(tick[0]) and tick[0] > 0]
    skipped = len(ticks) - len(usable)
    if not usable:
        return 0.0, 0, skipped
    alpha_fast = 2.0 / (fast_span + 1)
    alpha_slow = 2.0 / (slow_span + 1)
    fast = slow = usable[0][0]
    holding, bought_at, pnl, trades = False, 0.0, 0.0, 0
    for number, (price, bid, ask, volume) in enumerate(usable):
        if number == 0:
            continue
        if by_difference:
            fast = fast + alpha_fast * (price - fast)
            slow = slow + alpha_slow * (price - slow)
        else:
            fast = price * alpha_fast + fast * (1 - alpha_fast)
            slow = price * alpha_slow + slow * (1 - alpha_slow)
        if not holding:
            spread_ok = False
            if ask > 0 and bid > 0:
                mid = 0.5 * (ask + bid)
                spread_ok = (ask - bid) / mid <= max_spread
            if fast > slow and spread_ok and volume >= min_volume:
                holding, bought_at = True, price
                trades += 1
        elif slow >= fast:
            pnl += price - bought_at
            holding = False
        if holding and number == len(usable) - 1:
            pnl += price - bought_at
            holding = False
    return pnl, trades, skipped
