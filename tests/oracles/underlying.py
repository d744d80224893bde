"""The underlying beside option ticks, moment by moment in plain Python: no sorting, no state."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

NAN = math.nan


@dataclass(frozen=True)
class Tick:
    """One tick, in the order in which the store has it."""

    at: dt.datetime
    price: float | None
    bid: float | None = None
    ask: float | None = None
    expiry: dt.date | None = None
    right: str = ""
    strike: float = 0.0


def is_price(value: float | None) -> bool:
    """Can one trade at it?"""
    return value is not None and math.isfinite(value) and value > 0


def series_value(
    series: Sequence[Tick], moment: dt.datetime, stale: dt.timedelta | None = None
) -> float:
    """The last usable price that was stamped before ``moment``."""
    last = None
    for tick in series:
        if tick.at < moment and is_price(tick.price) and (last is None or tick.at >= last.at):
            last = tick
    if last is None or (stale is not None and moment - last.at > stale):
        return NAN
    assert last.price is not None
    return last.price


def middle(tick: Tick | None) -> float:
    """Half way between bid and ask; NaN unless both can be traded at and are not crossed."""
    if tick is None or not (is_price(tick.bid) and is_price(tick.ask)):
        return NAN
    assert tick.bid is not None
    assert tick.ask is not None
    return NAN if tick.bid > tick.ask else (tick.bid + tick.ask) / 2


def forward_value(
    ticks: Sequence[Tick],
    expiry: dt.date,
    moment: dt.datetime,
    stale: dt.timedelta | None = None,
    rate: float = 0.0,
    settlement: dt.datetime | None = None,
) -> float:
    """The forward of ``expiry`` by put-call parity, from what was stamped before ``moment``."""
    last: dict[tuple[str, float], Tick] = {}
    newest = None
    for tick in ticks:
        if tick.expiry == expiry and tick.at < moment:
            known = last.get((tick.right, tick.strike))
            if known is None or tick.at >= known.at:
                last[tick.right, tick.strike] = tick
            newest = tick.at if newest is None else max(newest, tick.at)
    if newest is None or (stale is not None and moment - newest > stale):
        return NAN
    best: tuple[float, float, float] | None = None
    for strike in sorted({strike for _, strike in last}):
        call, put = middle(last.get(("CE", strike))), middle(last.get(("PE", strike)))
        if math.isnan(call) or math.isnan(put):
            continue
        if best is None or abs(call - put) < best[0]:
            best = abs(call - put), strike, call - put
    if best is None:
        return NAN
    _, strike, difference = best
    if rate:
        assert settlement is not None
        years = max((settlement - moment).total_seconds(), 0.0) / (365 * 24 * 3600)
        difference *= math.exp(rate * years)
    return strike + difference


def six_columns(tick: Tick, spot: float) -> dict[str, float]:
    """What follows from an option tick and the underlying's value as of it."""
    price = NAN if tick.price is None else tick.price
    found = {"spot_price": spot, "mid_price": middle(tick)}
    if math.isnan(spot):
        nothing = ("distance_from_spot", "moneyness_pct", "intrinsic_value", "time_value")
        return found | dict.fromkeys(nothing, NAN)
    gain = spot - tick.strike if tick.right == "CE" else tick.strike - spot
    intrinsic = gain if gain > 0 else 0.0
    return found | {
        "distance_from_spot": tick.strike - spot,
        "moneyness_pct": 100 * (tick.strike - spot) / spot,
        "intrinsic_value": intrinsic,
        "time_value": price - intrinsic,
    }
