"""Buy and hold: the simplest kernel. Buys at a contract's second tick, sells at its last."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tickloom import step_kernel


class Params(NamedTuple):
    """What a user may set."""

    size: int = 1
    """Contracts held; negative sells and holds."""


def init(tick: Any, constants: Params) -> int:
    """Nothing to remember."""
    return 0


def step(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    """Hold."""
    return state, constants.size


KERNEL: Final = step_kernel(
    "buy-and-hold",
    summary="Buys each contract at its second tick and holds it to its last",
    columns=("price",),
    params=Params,
    init=init,
    step=step,
    max_position=100,
    units={"size": "contracts"},
    bounds={"size": (-100, 100)},
)
