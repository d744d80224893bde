"""EMA crossover, long only: the documented strategy.

Two exponential moving averages of the price start at a contract's first tick. Flat, it buys when
the fast one is above the slow one, the spread is tight and the contract has traded today; long, it
sells when the slow one has caught up. The order of the arithmetic is part of the result.
"""

from __future__ import annotations

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


UNITS: Final = {
    "fast": "ticks",
    "slow": "ticks",
    "max_spread": "share of the mid price",
    "min_volume": "contracts",
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
    return Constants(fast, 1 - fast, slow, 1 - slow, params.max_spread, params.min_volume)


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
    return State(fast, slow), wanted


KERNEL: Final = step_kernel(
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
