"""EMA crossover, long and short, of any size: always on the side of the fast average.

A reversal, from long to short at one tick, is two trades.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tickloom import step_kernel

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


class Constants(NamedTuple):
    """Derived once per run."""

    fast: float
    """Weight of a new price in the fast average."""

    slow: float
    """Weight of a new price in the slow average."""

    band: float
    """Distance below which the position is kept."""

    size: int
    """Contracts held."""


class State(NamedTuple):
    """Carried from tick to tick of one contract."""

    fast: float
    """Fast average of the price."""

    slow: float
    """Slow average of the price."""


def prepare(params: Params) -> Constants:
    """The weights of the spans: 2 / (span + 1)."""
    return Constants(2.0 / (params.fast + 1), 2.0 / (params.slow + 1), params.band, params.size)


def init(tick: Any, constants: Constants) -> State:
    """Both averages start at the first price."""
    return State(tick.price, tick.price)


def step(state: State, tick: Any, position: int, constants: Constants) -> tuple[State, int]:
    """Update the averages, then take the side of the fast one once it is clearly apart."""
    fast = state.fast + constants.fast * (tick.price - state.fast)
    slow = state.slow + constants.slow * (tick.price - state.slow)
    wanted = position
    if fast - slow > constants.band * slow:
        wanted = constants.size
    elif slow - fast > constants.band * slow:
        wanted = -constants.size
    return State(fast, slow), wanted


KERNEL: Final = step_kernel(
    "ema-cross-short",
    summary="EMA crossover, long and short, of any size",
    columns=("price",),
    params=Params,
    prepare=prepare,
    init=init,
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
