"""``ema-cross`` with its averages left to the host: the same results, sweeps that share the work.

Sets with the same span share its average, sets with the same limits the gate: it pays where many
pairs of spans are swept. :mod:`tickloom_kernels.ema_cross` is the strategy as one would write it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from tickloom import Feature, Gate, step_kernel
from tickloom_kernels.ema_cross import BOUNDS, UNITS, Params, is_tight


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


def follow_by_difference(average: float, tick: Any, constants: Weights) -> float:
    """Take a price into the average, which a price like it leaves as it is."""
    now: float = average + constants.price * (tick.price - average)
    return now


def may_buy(tick: Any, limits: Limits) -> bool:
    """Whether the spread is tight and the contract has traded today."""
    tight = is_tight(tick.bp0, tick.sp0, limits.max_spread)
    return tight and tick.volume >= limits.min_volume


def step(tick: Any, position: int, constants: Params) -> int:
    """Long while the fast average is above the slow one."""
    if position == 0:
        return 1 if tick.fast > tick.slow else 0
    return 0 if tick.slow >= tick.fast else position


def averages(update: Callable[..., float]) -> dict[str, Feature]:
    """Both averages, kept up by ``update``."""
    return {
        name: Feature(params=(name,), prepare=weights, init=start, update=update)
        for name in ("fast", "slow")
    }


_DOCUMENTED: Final = step_kernel(
    "ema-cross-features",
    summary="ema-cross with averages that sweeps share",
    columns=("price", "bp0", "sp0", "volume"),
    params=Params,
    features=averages(follow),
    gate=Gate(params=("max_spread", "min_volume"), allows=may_buy),
    step=step,
    units=UNITS,
    bounds=BOUNDS,
)

_BY_DIFFERENCE: Final = replace(
    _DOCUMENTED,
    name="ema-cross-features-by-difference",
    features=tuple(averages(follow_by_difference).items()),
)
KERNEL: Final = replace(_DOCUMENTED, switch=("by_difference", _BY_DIFFERENCE))
