"""Momentum of an option's premium: buy strength in the morning, leave when it fades.

Momentum is the gap between a fast and a slow exponential average of the price, as a share of the
slow one (Appel's MACD, normalised). It buys where the gap reaches ``entry``, the spread is tight
and the day is not late; it sells where the gap falls to ``exit``.
"""

from typing import Any, NamedTuple

from tickloom import step_kernel

NANOSECONDS = 1_000_000_000


class Params(NamedTuple):
    """What a user may set."""

    fast: int = 20
    """Span of the fast average, ticks."""

    slow: int = 120
    """Span of the slow average, ticks."""

    entry: float = 0.004
    """Gap at which it buys, share of the slow average."""

    exit: float = 0.0
    """Gap at which it sells, share of the slow average."""

    max_spread: float = 0.01
    """Widest spread to buy at, (ask - bid) / mid."""

    last_entry: int = 54_000
    """Latest time to buy, seconds since midnight: 15:00."""


class Constants(NamedTuple):
    """Derived once per run."""

    fast: float
    """Weight of a new price in the fast average."""

    slow: float
    """Weight of a new price in the slow average."""

    entry: float
    """Gap at which it buys."""

    exit: float
    """Gap at which it sells."""

    max_spread: float
    """Widest spread to buy at."""

    last_entry: int
    """Latest time to buy, nanoseconds since midnight."""


class State(NamedTuple):
    """Carried from tick to tick of one contract."""

    fast: float
    """Fast average of the price."""

    slow: float
    """Slow average of the price."""


def prepare(params: Params) -> Constants:
    """The weights of the spans, and the time as ticks carry it."""
    return Constants(
        2.0 / (params.fast + 1),
        2.0 / (params.slow + 1),
        params.entry,
        params.exit,
        params.max_spread,
        params.last_entry * NANOSECONDS,
    )


def init(tick: Any, constants: Constants) -> State:
    """Both averages start at the first price."""
    return State(tick.price, tick.price)


def is_tight(bid: float, ask: float, max_spread: float) -> bool:
    """Whether both sides are quoted and the spread is at most ``max_spread`` of the mid price."""
    return bid > 0.0 and ask > 0.0 and ask - bid <= max_spread * 0.5 * (ask + bid)


def step(state: State, tick: Any, position: int, constants: Constants) -> tuple[State, int]:
    """Update the averages, then decide."""
    fast = state.fast + constants.fast * (tick.price - state.fast)
    slow = state.slow + constants.slow * (tick.price - state.slow)
    gap = (fast - slow) / slow
    wanted = position
    if position == 0:
        if (
            gap >= constants.entry
            and tick.time_of_day <= constants.last_entry
            and is_tight(tick.bp0, tick.sp0, constants.max_spread)
        ):
            wanted = 1
    elif gap <= constants.exit:
        wanted = 0
    return State(fast, slow), wanted


kernel = step_kernel(
    "acme-momentum",
    summary="Momentum of the premium, long only, no entries late in the day",
    version="2",
    columns=("price", "bp0", "sp0"),
    clock=("time_of_day",),
    params=Params,
    prepare=prepare,
    init=init,
    step=step,
    units={
        "fast": "ticks",
        "slow": "ticks",
        "entry": "share of the slow average",
        "exit": "share of the slow average",
        "max_spread": "share of the mid price",
        "last_entry": "seconds since midnight",
    },
    bounds={"fast": (1, 100_000), "slow": (1, 100_000), "last_entry": (0, 86_400)},
)
