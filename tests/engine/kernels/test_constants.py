"""Constants that no compiled loop can hold are an error of the kernel, by name."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from tickloom import step_kernel
from tickloom.engine.kernels.constants import layout_of, prepare_constants
from tickloom.errors import PluginError


class Params(NamedTuple):
    scale: int = 1


class Constants(NamedTuple):
    weight: float
    most: int
    strict: bool


def init(tick: Any, constants: Constants) -> float:
    return 0.0


def step(state: float, tick: Any, position: int, constants: Constants) -> tuple[float, int]:
    return state, 0


def prepare(params: Params) -> Any:
    scale: Any = params.scale
    if scale == 2:
        return Constants("heavy", 1, True)  # type: ignore[arg-type]
    if scale == 3:
        return Constants(10**400, 1, True)
    if scale == 4:
        return Constants(np.float32(0.5), np.int16(7), np.True_)  # type: ignore[arg-type]
    return Constants(2, 10**6 * scale, scale > 1) if scale > 1 else Constants(1.0, 1, False)


SPEC = step_kernel(
    "constant", columns=("price",), params=Params, prepare=prepare, init=init, step=step
)


def packed(scale: int) -> np.ndarray:
    return layout_of(SPEC).pack(prepare_constants(SPEC, Params(scale)))


@pytest.mark.parametrize(
    ("scale", "weight", "most", "strict"), [(1, 1.0, 1, 0), (4, 0.5, 7, 1), (5, 2.0, 5_000_000, 1)]
)
def test_numbers_of_any_kind_are_taken(scale: int, weight: float, most: int, strict: int) -> None:
    slots = packed(scale)
    assert slots[0] == weight
    assert slots.view(np.int64)[1:].tolist() == [most, strict]


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (2, "'constant': constant 'weight' is float with the default parameters and 'heavy' with"),
        (3, "'constant': constant 'weight' is more than 64 bits hold with some parameters: "),
        (2**60, "'constant': constant 'most' is more than 64 bits hold .*; bound them"),
    ],
)
def test_what_no_loop_can_hold_is_named(scale: int, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        packed(scale)
