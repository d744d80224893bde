"""What cannot be a kernel is refused where it is registered, with a message that says why."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import pytest

from tickloom import KernelSpec, array_kernel, native_kernel, step_kernel
from tickloom.engine.kernels.columns import column_kind
from tickloom.engine.kernels.registration import check_kernel
from tickloom.errors import UsageError


class Params(NamedTuple):
    span: int = 5


class NoDefault(NamedTuple):
    span: int


class Text(NamedTuple):
    mode: str = "x"


class IntForFloat(NamedTuple):
    weight: float = 1


def init(tick: Any, constants: Any) -> float:
    return 0.0


def step(state: float, tick: Any, position: int, constants: Any) -> tuple[float, int]:
    return state, 0


def loop(offsets: Any, columns: Any, constants: Any, wanted: Any) -> None:
    wanted[:] = 0


def make(**changes: Any) -> Any:
    given: dict[str, Any] = {"columns": ("price",), "params": Params, "init": init, "step": step}
    return step_kernel("my-kernel", **(given | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": ("price", "bid price")}, "a column is a tick field, named like .spot."),
        ({"columns": ("price", "symbol")}, "column 'symbol' is text"),
        ({"columns": ("bp0",)}, "columns must have 'price'; found bp0"),
        ({"columns": ("price", "price")}, "found twice: price"),
        ({"columns": ("price", "strike"), "clock": ("strike",)}, "found twice: strike"),
        ({"clock": ("moon",)}, "unknown clock field 'moon'; there are: time_of_day"),
        ({"params": NoDefault}, "parameter 'span' has no default"),
        ({"params": Text}, "parameter 'mode' must be int, float or bool; its default is 'x'"),
        ({"params": IntForFloat}, "parameter 'weight' is a float, its default 1 an int; write 1.0"),
        ({"params": dict}, "params must be a NamedTuple class"),
        ({"units": {"spam": "ticks"}}, "units name the parameter 'spam'; parameters: span"),
        ({"bounds": {"span": (6, 9)}}, "default of 'span' must lie within its bounds 6 to 9"),
        ({"flags": True}, "fastmath=True is refused"),
        ({"flags": ("fast",)}, "fastmath=True is refused"),
        ({"flags": ("parallel",)}, "parallel=True is refused"),
        ({"flags": ("quick",)}, "unknown flag 'quick'; there are: nnan"),
        ({"fastmath": True}, "fastmath=True is refused"),
        ({"parallel": True}, "parallel=True is refused"),
        ({"fastmath": False}, "there is no argument 'fastmath'; found fastmath=False"),
        ({"colums": ("price",)}, "there is no argument 'colums'"),
        ({"bounds": {"span": (float("nan"), 9)}}, "must lie within its bounds nan to 9"),
        ({"max_position": 0}, "max_position must be an int from 1"),
        ({"step": init}, "step must take 4 positional arguments; found init.*test_registration.py"),
        ({"init": lambda *ticks: 0.0}, "init must take 2 positional arguments"),
        ({"prepare": 3}, "prepare must be a plain function; found 3"),
        ({"step": numba.njit(fastmath=True)(step)}, "step is compiled with fastmath=True"),
        ({"step": numba.njit(parallel=True)(step)}, "step is compiled with parallel=True"),
    ],
)
def test_a_wrong_registration_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=f"(?s)kernel 'my-kernel'.*{message}"):
        make(**changes)


def test_a_name_is_lower_case_words() -> None:
    with pytest.raises(UsageError, match="like 'ema-cross'; found 'My Kernel'"):
        step_kernel("My Kernel", columns=("price",), params=Params, init=init, step=step)


def test_a_symbol_is_a_c_identifier() -> None:
    with pytest.raises(UsageError, match="symbol must be a C identifier; found 'a b'"):
        native_kernel("c", columns=("price",), params=Params, library="x.so", symbol="a b")


@pytest.mark.parametrize("given", [{}, {"library": "x.so", "source": "x.c"}])
def test_a_native_kernel_has_one_origin(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="kernel 'c': give either library or source"):
        native_kernel("c", columns=("price",), params=Params, symbol="run", **given)


def test_the_loop_of_an_array_kernel_takes_four_arguments() -> None:
    with pytest.raises(UsageError, match="loop must take 4 positional arguments; found init"):
        array_kernel("a", columns=("price",), params=Params, loop=init)


@pytest.mark.parametrize("flag", ["fastmath", "parallel"])
def test_other_kinds_refuse_the_same(flag: str) -> None:
    refused: dict[str, Any] = {flag: True}
    with pytest.raises(UsageError, match=f"{flag}=True is refused"):
        array_kernel("a", columns=("price",), params=Params, loop=loop, **refused)
    with pytest.raises(UsageError, match=f"{flag}=True is refused"):
        native_kernel("c", columns=("price",), params=Params, library="x", symbol="f", **refused)


def test_a_kind_that_there_is_not() -> None:
    spec = KernelSpec(name="k", kind="loop", columns=("price",), params=Params)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="kind must be step, array or native; found 'loop'"):
        check_kernel(spec)


def test_the_three_kinds_are_registered() -> None:
    assert make().kind == "step"
    array = array_kernel("a", columns=("price",), params=Params, loop=loop, flags=("contract",))
    assert (array.kind, array.flags) == ("array", ("contract",))
    native = native_kernel("c", columns=("price",), params=Params, library="x.so", symbol="run")
    assert (native.kind, native.symbol) == ("native", "run")


@pytest.mark.parametrize(
    ("column", "kind"),
    [("price", "float64"), ("strike", "float64"), ("bq4", "int64"), ("is_weekly", "int64")],
)
def test_columns_are_float64_or_int64_inside(column: str, kind: str) -> None:
    assert column_kind(column) == kind
