"""A step whose types change from tick to tick is refused with the author's line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from tickloom import array_kernel, step_kernel
from tickloom.engine.loading.kernel import load_kernel
from tickloom.errors import PluginError, UsageError


class Params(NamedTuple):
    span: int = 3


class Pair(NamedTuple):
    mean: float
    count: int


def start(tick: Any, constants: Any) -> Any:
    return Pair(0, 0)


def start_low(tick: Any, constants: Any) -> Any:
    return 0.0


def grows(state: Any, tick: Any, position: int, constants: Any) -> Any:
    return (state, tick.price), 0


def says_text(state: Any, tick: Any, position: int, constants: Any) -> Any:
    return state, "buy"


def forgets(state: Any, tick: Any, position: int, constants: Any) -> Any:
    return state


def misspells(state: Any, tick: Any, position: int, constants: Any) -> Any:
    mean = state + 1
    return mean, tick.prise > 0


def raises(state: Any, tick: Any, position: int, constants: Any) -> Any:
    if tick.price > 2.0:
        raise ValueError("too dear")
    return state, 1


def turns_to_text(state: Any, tick: Any, position: int, constants: Any) -> Any:
    count = str(state.count)
    return Pair(state.mean, count), 0  # type: ignore[arg-type]


def widens(state: Any, tick: Any, position: int, constants: Any) -> Any:
    return Pair(state.mean + tick.price, state.count + 1), state.mean > 5.0


def make(init: Callable[..., Any], step: Callable[..., Any]) -> Any:
    return step_kernel("typed", columns=("price",), params=Params, init=init, step=step)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            grows,
            r"must return a state of the type that it got; it got float64 and returns .*float64",
        ),
        (says_text, "must return an int as wanted position; it returns Literal.str..buy"),
        (forgets, r"must return \(state, wanted position\); it returns float64"),
        (
            misspells,
            r"step does not compile at .*test_step_types.py, line .*prise.* A tick has what .*: "
            "price$",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_message_names_the_line(step: Callable[..., Any], message: str) -> None:
    line = step.__code__.co_firstlineno + (2 if step is misspells else 1)
    with pytest.raises(UsageError, match=f"(?s)'typed'.*{message}") as caught:
        load_kernel(make(start_low, step))
    assert f"test_step_types.py, line {line}" in str(caught.value)


def test_the_field_that_changes_its_type_is_named() -> None:
    with pytest.raises(UsageError, match=r"\(count turns from int64 to unicode_type\)") as caught:
        load_kernel(make(start, turns_to_text))
    assert f"line {turns_to_text.__code__.co_firstlineno + 2} must" in str(caught.value)


def test_of_several_returns_none_is_blamed() -> None:
    def either(state: Any, tick: Any, position: int, constants: Any) -> Any:
        if tick.price > 1.0:
            return state, 0.5
        return state, 1.5

    with pytest.raises(UsageError, match=r"line (\d+) must return an int") as caught:
        load_kernel(make(start_low, either))
    assert f"line {either.__code__.co_firstlineno} must" in str(caught.value)


def misspelt(price: float) -> Any:
    floor = math.floor(price)
    return floor.upper()


def outer(price: float) -> Any:
    return misspelt(price) + 1.0


def calls(state: Any, tick: Any, position: int, constants: Any) -> Any:
    return outer(tick.price), 0


def walks(offsets: Any, columns: Any, constants: Any, wanted: Any) -> None:
    for row in range(len(wanted)):
        wanted[row] = outer(columns.price[row])


@pytest.mark.parametrize("role", ["init", "step", "loop"])
def test_the_line_is_that_of_the_helper_at_fault(role: str) -> None:
    if role == "loop":
        spec = array_kernel("typed", columns=("price",), params=Params, loop=walks)
    else:
        init = (lambda tick, constants: outer(tick.price)) if role == "init" else start_low
        spec = make(init, calls)
    line = misspelt.__code__.co_firstlineno + 2
    with pytest.raises(UsageError, match=rf"misspelt, which {role} calls, does .*, line {line}: "):
        load_kernel(spec)


def test_an_int_that_becomes_a_float_is_widened() -> None:
    kernel = load_kernel(make(start, widens))
    results = kernel(Params(), np.array([0, 5]), [np.array([1.0, 2.0, 4.0, 8.0, 16.0])])
    # The mean is above 5 from the fourth tick on: bought at 8, sold at 16.
    assert (results.pnl[0], results.trades[0]) == (8.0, 1)


def test_an_exception_in_compiled_code_names_the_contract() -> None:
    kernel = load_kernel(make(start_low, raises))
    with pytest.raises(PluginError, match="'typed' raised an exception in contract 1"):
        kernel(Params(), np.array([0, 2, 4]), [np.array([1.0, 2.0, 1.0, 3.0])])


def loop(offsets: Any, columns: Any, constants: Any, wanted: Any) -> None:
    columns.price[0] = 1.0


def test_an_array_kernel_cannot_write_its_input() -> None:
    spec = array_kernel("writes", columns=("price",), params=Params, loop=loop)
    with pytest.raises(UsageError, match=r"(?s)loop does not compile at .*line \d+: .*readonly"):
        load_kernel(spec)


def overruns(offsets: Any, columns: Any, constants: Any, wanted: Any) -> None:
    total = 0.0
    for row in range(len(wanted) + 1):
        total += columns.price[row]
    wanted[0] = total > 1e9


def test_the_bounds_check_finds_an_overrun() -> None:
    from tickloom.engine.loading.kernel import Variant

    spec = array_kernel("overruns", columns=("price",), params=Params, loop=overruns)
    kernel = load_kernel(spec, Variant(checked=True))
    with pytest.raises(PluginError, match="its loop reported failure"):
        kernel(Params(), np.array([0, 2]), [np.ones(2)])
