"""The strategy as a plain loop: shares no code with the kernel."""

from collections.abc import Sequence
from typing import Any


def momentum(ticks: Sequence[Any], params: Any) -> tuple[float, int]:
    """Profit and number of trades of one contract's ticks."""
    pnl, trades, bought = 0.0, 0, None
    if not ticks:
        return pnl, trades
    fast = slow = ticks[0].price
    for tick in ticks[1:]:
        fast += 2.0 / (params.fast + 1) * (tick.price - fast)
        slow += 2.0 / (params.slow + 1) * (tick.price - slow)
        gap = (fast - slow) / slow
        if bought is None:
            quoted = tick.bp0 > 0 and tick.sp0 > 0
            tight = quoted and tick.sp0 - tick.bp0 <= params.max_spread * 0.5 * (
                tick.sp0 + tick.bp0
            )
            early = tick.time_of_day <= params.last_entry * 1_000_000_000
            if tight and early and gap >= params.entry:
                bought = tick.price
                trades += 1
        elif gap <= params.exit:
            pnl += tick.price - bought
            bought = None
    if bought is not None:  # what is held at the last tick is sold there
        pnl += ticks[-1].price - bought
    return pnl, trades
