"""Order-book imbalance over five levels: on the side where more is offered to trade.

The imbalance is (bids - asks) / (bids + asks), from -1 to 1, of the quantities of the five levels,
each level weighted by ``decay`` to the power of its depth (Cartea, Jaimungal and Penalva 2015,
section 12.2, for one level).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tickloom import step_kernel


class Params(NamedTuple):
    """What a user may set."""

    entry: float = 0.6
    """Imbalance at which to enter."""

    exit: float = 0.0
    """Imbalance at which to leave."""

    decay: float = 0.7
    """Weight of a level against the level above it."""


def weighted(q0: int, q1: int, q2: int, q3: int, q4: int, decay: float) -> float:
    """Quantity of one side, deeper levels counting less (Horner's rule)."""
    return q0 + decay * (q1 + decay * (q2 + decay * (q3 + decay * q4)))


def imbalance(tick: Any, decay: float) -> float:
    """From -1 (asks only) to 1 (bids only); 0 for an empty book."""
    bids = weighted(tick.bq0, tick.bq1, tick.bq2, tick.bq3, tick.bq4, decay)
    asks = weighted(tick.sq0, tick.sq1, tick.sq2, tick.sq3, tick.sq4, decay)
    total = bids + asks
    return (bids - asks) / total if total > 0.0 else 0.0


def init(tick: Any, constants: Params) -> float:
    """The state is the last imbalance; a number will do where a record is not needed."""
    return imbalance(tick, constants.decay)


def step(state: float, tick: Any, position: int, constants: Params) -> tuple[float, int]:
    """Enter when two ticks in a row lean the same way, leave when the book leans no more."""
    now = imbalance(tick, constants.decay)
    wanted = position
    if position == 0:
        if now >= constants.entry and state >= constants.entry:
            wanted = 1
        elif now <= -constants.entry and state <= -constants.entry:
            wanted = -1
    elif now * position <= constants.exit:
        wanted = 0
    return now, wanted


KERNEL: Final = step_kernel(
    "book-imbalance",
    summary="On the heavier side of the five-level order book",
    columns=("price", *(f"{side}q{level}" for side in "bs" for level in range(5))),
    params=Params,
    init=init,
    step=step,
    units={"entry": "imbalance, 0 to 1", "exit": "imbalance, 0 to 1", "decay": "weight"},
    bounds={"entry": (0.0, 1.0), "exit": (0.0, 1.0), "decay": (0.0, 1.0)},
)
