"""Mean reversion: sells what is dear, buys what is cheap, leaves at the average.

Average and variance of the price are exponentially weighted (West 1979, the incremental form); the
price's distance from the average is measured in standard deviations.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tickloom import step_kernel


class Params(NamedTuple):
    """What a user may set."""

    span: int = 100
    """Span of average and variance, ticks."""

    entry: float = 2.0
    """Distance at which to enter, standard deviations."""

    warm_up: int = 50
    """Ticks of a contract before the first entry."""


class Constants(NamedTuple):
    """Derived once per run."""

    weight: float
    """Weight of a new price: 2 / (span + 1)."""

    entry_squared: float
    """Distance at which to enter, squared: no square root at each tick."""

    warm_up: int
    """Ticks before the first entry."""


class State(NamedTuple):
    """Carried from tick to tick of one contract."""

    mean: float
    """Average of the price."""

    variance: float
    """Variance of the price around it."""

    ticks: int
    """Ticks seen."""


def prepare(params: Params) -> Constants:
    """The weight of the span, and the squared distance."""
    return Constants(2.0 / (params.span + 1), params.entry * params.entry, params.warm_up)


def init(tick: Any, constants: Constants) -> State:
    """The average starts at the first price."""
    return State(tick.price, 0.0, 1)


def step(state: State, tick: Any, position: int, constants: Constants) -> tuple[State, int]:
    """Compare the price with the average so far, then take it into the average."""
    away = tick.price - state.mean
    wanted = position
    if position == 0:
        if state.ticks >= constants.warm_up:
            far = away * away > constants.entry_squared * state.variance
            if far and away != 0.0:
                wanted = -1 if away > 0.0 else 1
    elif away * position >= 0.0:
        wanted = 0
    mean = state.mean + constants.weight * away
    variance = (1.0 - constants.weight) * (state.variance + constants.weight * away * away)
    return State(mean, variance, state.ticks + 1), wanted


KERNEL: Final = step_kernel(
    "mean-reversion",
    summary="Sells above the moving average, buys below it, leaves at it",
    columns=("price",),
    params=Params,
    prepare=prepare,
    init=init,
    step=step,
    units={"span": "ticks", "entry": "standard deviations", "warm_up": "ticks"},
    bounds={"span": (1, 1_000_000), "entry": (0.0, 100.0), "warm_up": (1, 1_000_000)},
)
