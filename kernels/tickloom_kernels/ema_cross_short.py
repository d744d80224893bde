"""EMA crossover, long and short, of any size: always on the side of the fast average.

A reversal, from long to short at one tick, is two trades.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tickloom import Feature, step_kernel

MAX_SIZE: Final = 100
"""Most contracts held on either side."""


class Params(NamedTuple):
    """What a user may set."""

    fast: int = 5
    """Span of the fast average, ticks."""

    slow: int = 21
    """Span of the slow average, ticks."""

    band: float = 1e-4
    """Distance of the averages, as a share of the slow one, below which the position is kept."""

    size: int = 1
    """Contracts held, on either side."""


class Weight(NamedTuple):
    """Of one average, derived once per run."""

    price: float
    """Weight of a new price: 2 / (span + 1)."""


def weight(span: int) -> Weight:
    """That of an exponential moving average over ``span`` ticks."""
    return Weight(2.0 / (span + 1))


def start(tick: Any, constants: Weight) -> float:
    """An average starts at the first price."""
    price: float = tick.price
    return price


def follow(average: float, tick: Any, constants: Weight) -> float:
    """Move the average towards the price."""
    now: float = average + constants.price * (tick.price - average)
    return now


def step(tick: Any, position: int, constants: Params) -> int:
    """Take the side of the fast average once it is clearly apart."""
    wanted = position
    if tick.fast - tick.slow > constants.band * tick.slow:
        wanted = constants.size
    elif tick.slow - tick.fast > constants.band * tick.slow:
        wanted = -constants.size
    return wanted


KERNEL: Final = step_kernel(
    "ema-cross-short",
    summary="EMA crossover, long and short, of any size",
    columns=("price",),
    params=Params,
    features={
        "fast": Feature(params=("fast",), prepare=weight, init=start, update=follow),
        "slow": Feature(params=("slow",), prepare=weight, init=start, update=follow),
    },
    step=step,
    max_position=MAX_SIZE,
    units={
        "fast": "ticks",
        "slow": "ticks",
        "band": "share of the slow average",
        "size": "contracts",
    },
    bounds={"fast": (1, 100_000), "slow": (1, 100_000), "band": (0.0, 1.0), "size": (1, MAX_SIZE)},
)
