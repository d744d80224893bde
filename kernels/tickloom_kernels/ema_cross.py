"""EMA crossover, long only: the documented strategy.

Two exponential moving averages of the price start at a contract's first tick. Flat, it buys when
the fast one is above the slow one, the spread is tight and the contract has traded today; long, it
sells when the slow one has caught up. The order of the arithmetic is part of the result.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tickloom import Feature, Gate, step_kernel


class Params(NamedTuple):
    """What a user may set."""

    fast: int = 5
    """Span of the fast average, ticks."""

    slow: int = 21
    """Span of the slow average, ticks."""

    max_spread: float = 5e-4
    """Widest spread to buy at, (ask - bid) / mid."""

    min_volume: int = 1
    """Least volume of the day to buy at, contracts."""


class Weights(NamedTuple):
    """Of one average, derived once per run."""

    price: float
    """Weight of a new price."""

    average: float
    """Weight of the average so far."""


class Limits(NamedTuple):
    """What the gate looks at."""

    max_spread: float
    """Widest spread to buy at."""

    min_volume: int
    """Least volume to buy at."""


def weights(span: int) -> Weights:
    """Those of an exponential moving average over ``span`` ticks: 2 / (span + 1)."""
    price = 2.0 / (span + 1)
    return Weights(price, 1 - price)


def start(tick: Any, constants: Weights) -> float:
    """An average starts at the first price."""
    price: float = tick.price
    return price


def follow(average: float, tick: Any, constants: Weights) -> float:
    """Take a price into the average."""
    now: float = tick.price * constants.price + average * constants.average
    return now


def is_tight(bid: float, ask: float, max_spread: float) -> bool:
    """Whether both sides are quoted and (ask - bid) / mid is at most ``max_spread``."""
    if ask > 0.0 and bid > 0.0:
        mid = 0.5 * (ask + bid)
        return (ask - bid) / mid <= max_spread
    return False


def may_buy(tick: Any, limits: Limits) -> bool:
    """Whether the spread is tight and the contract has traded today."""
    tight = is_tight(tick.bp0, tick.sp0, limits.max_spread)
    return tight and tick.volume >= limits.min_volume


def step(tick: Any, position: int, constants: Params) -> int:
    """Long while the fast average is above the slow one."""
    if position == 0:
        return 1 if tick.fast > tick.slow else 0
    return 0 if tick.slow >= tick.fast else position


KERNEL: Final = step_kernel(
    "ema-cross",
    summary="EMA crossover, long only: the documented strategy",
    columns=("price", "bp0", "sp0", "volume"),
    params=Params,
    features={
        "fast": Feature(params=("fast",), prepare=weights, init=start, update=follow),
        "slow": Feature(params=("slow",), prepare=weights, init=start, update=follow),
    },
    gate=Gate(params=("max_spread", "min_volume"), allows=may_buy),
    step=step,
    units={
        "fast": "ticks",
        "slow": "ticks",
        "max_spread": "share of the mid price",
        "min_volume": "contracts",
    },
    bounds={"fast": (1, 100_000), "slow": (1, 100_000), "max_spread": (0.0, 2.0)},
)
