"""The step of a loop that takes wanted positions from a column: it says what is written there."""

from __future__ import annotations

from typing import Any, NamedTuple


class NoConstants(NamedTuple):
    """It has none."""


def init(tick: Any, constants: NoConstants) -> int:
    """It remembers nothing."""
    return 0


def step(state: int, tick: Any, position: int, constants: NoConstants) -> tuple[int, int]:
    """The position that is written at the tick."""
    wanted: int = tick.wanted
    return state, wanted


def widen(state: int) -> int:
    """What ``init`` returns is of the state's type."""
    return state


FUNCTIONS = (init, step, widen)
"""What the loop takes, in its order."""
