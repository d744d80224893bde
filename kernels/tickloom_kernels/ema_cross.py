"""EMA crossover, long only: the documented strategy.

Two exponential moving averages of the price start at a contract's first tick. Flat, it buys when
the fast one is above the slow one, the spread is tight and the contract has traded today; long, it
sells when the slow one has caught up. The order of the arithmetic is part of the result.

The documented average, ``price * w + average * (1 - w)``, is not exactly a price that stays as it
is: on flat prices the two averages differ by rounding, and that noise is traded. With
``by_difference`` an average is ``average + w * (price - average)``, which stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

from tickloom import step_kernel


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

    by_difference: bool = False
    """Whether averages move by their difference from the price, so that flat prices leave them."""


UNITS: Final = {
    "fast": "ticks",
    "slow": "ticks",
    "max_spread": "share of the mid price",
    "min_volume": "contracts",
    "by_difference": "true or false",
}

BOUNDS: Final = {"fast": (1, 100_000), "slow": (1, 100_000), "max_spread": (0.0, 2.0)}


class Constants(NamedTuple):
    """Derived once per run."""

    fast: float
    """Weight of a new price in the fast average."""

    fast_decay: float
    """Weight of the fast average so far."""

    slow: float
    """Weight of a new price in the slow average."""

    slow_decay: float
    """Weight of the slow average so far."""

    max_spread: float
    """Widest spread to buy at."""

    min_volume: int
    """Least volume to buy at."""

    by_difference: bool
    """How the averages move."""


class State(NamedTuple):
    """Carried from tick to tick of one contract."""

    fast: float
    """Fast average of the price."""

    slow: float
    """Slow average of the price."""


def prepare(params: Params) -> Constants:
    """The weights of the spans: 2 / (span + 1), as in an exponential moving average."""
    fast = 2.0 / (params.fast + 1)
    slow = 2.0 / (params.slow + 1)
    return Constants(fast, 1 - fast, slow, 1 - slow, *params[2:])


def init(tick: Any, constants: Constants) -> State:
    """Both averages start at the first price."""
    return State(tick.price, tick.price)


def is_tight(bid: float, ask: float, max_spread: float) -> bool:
    """Whether both sides are quoted and (ask - bid) / mid is at most ``max_spread``."""
    if ask > 0.0 and bid > 0.0:
        mid = 0.5 * (ask + bid)
        return (ask - bid) / mid <= max_spread
    return False


def step(state: State, tick: Any, position: int, constants: Constants) -> tuple[State, int]:
    """Update the averages, then decide."""
    fast = tick.price * constants.fast + state.fast * constants.fast_decay
    slow = tick.price * constants.slow + state.slow * constants.slow_decay
    return State(fast, slow), decide(fast, slow, tick, position, constants)


def step_by_difference(
    state: State, tick: Any, position: int, constants: Constants
) -> tuple[State, int]:
    """The same with averages that flat prices leave as they are."""
    fast = state.fast + constants.fast * (tick.price - state.fast)
    slow = state.slow + constants.slow * (tick.price - state.slow)
    return State(fast, slow), decide(fast, slow, tick, position, constants)


def decide(fast: float, slow: float, tick: Any, position: int, constants: Constants) -> int:
    """The wanted position."""
    wanted = position
    if position == 0:
        if (
            fast > slow
            and is_tight(tick.bp0, tick.sp0, constants.max_spread)
            and tick.volume >= constants.min_volume
        ):
            wanted = 1
    elif slow >= fast:
        wanted = 0
    return wanted


_DOCUMENTED: Final = step_kernel(
    "ema-cross",
    summary="EMA crossover, long only: the documented strategy",
    columns=("price", "bp0", "sp0", "volume"),
    params=Params,
    prepare=prepare,
    init=init,
    step=step,
    units=UNITS,
    bounds=BOUNDS,
)

_BY_DIFFERENCE: Final = replace(
    _DOCUMENTED, name="ema-cross-by-difference", step=step_by_difference
)
KERNEL: Final = replace(_DOCUMENTED, switch=("by_difference", _BY_DIFFERENCE))
