"""A kernel that wants what the column ``qty`` says, unless it holds 2 already and ``oi`` is odd:
any sequence of orders, with a look at the position."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.programs import needs_cc

from tickloom import array_kernel, native_kernel, step_kernel


class Params(NamedTuple):
    """None."""

    bound: int = 3


def init(tick: Any, constants: Params) -> int:
    return 0


def step(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    if position == 2 and tick.oi % 2 == 1:
        return state, 2
    return state, tick.qty


def loop(offsets: Any, columns: Any, constants: Params, wanted: Any) -> None:
    for row in range(len(wanted)):
        wanted[row] = columns.qty[row]


SIZED = step_kernel(
    "scripted",
    columns=("price", "qty", "oi"),
    params=Params,
    init=init,
    step=step,
    max_position=3,
)
ONE = step_kernel(
    "scripted-one", columns=("price", "qty", "oi"), params=Params, init=init, step=step
)
ARRAY = array_kernel(
    "scripted-array", columns=("price", "qty"), params=Params, loop=loop, max_position=3
)
NATIVE = native_kernel(
    "scripted-native",
    columns=("price", "qty"),
    params=Params,
    source=Path(__file__).with_name("scripted.c"),
    symbol="scripted",
    max_position=3,
)

each_kernel = pytest.mark.parametrize(
    "kernel",
    [
        pytest.param(SIZED, id="step"),
        pytest.param(ARRAY, id="array"),
        pytest.param(NATIVE, id="native", marks=needs_cc),
    ],
)
