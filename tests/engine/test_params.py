"""Parameters: text and numbers become the kernel's record, or one clear line."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tickloom.engine.params import bind
from tickloom.errors import UsageError
from tickloom.specs import KernelSpec


class Params(NamedTuple):
    fast: int = 5
    width: float = 0.5
    hedge: bool = False


SPEC = KernelSpec(
    name="k", kind="step", columns=("price",), params=Params, bounds=(("fast", 1, 100),)
)


def test_nothing_given_gives_the_defaults() -> None:
    assert bind(SPEC, {}) == Params()


def test_text_is_converted_by_the_type_of_the_default() -> None:
    bound = bind(SPEC, {"fast": "7", "width": "1e-3", "hedge": "true"})
    assert bound == Params(7, 0.001, True)
    assert [type(value) for value in bound] == [int, float, bool]


def test_an_int_is_taken_for_a_float_and_a_whole_float_for_an_int() -> None:
    bound = bind(SPEC, {"width": 2, "fast": 3.0})
    assert bound == Params(3, 2.0, False)
    assert [type(value) for value in bound] == [int, float, bool]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("slow", "3", r"unknown parameter of kernel 'k' 'slow'.*fast, hedge, width"),
        ("fast", "2.5", "'fast' must be a whole number; found '2.5'"),
        ("fast", 2.5, "'fast' must be a whole number; found 2.5"),
        ("fast", True, "'fast' must be a whole number"),
        ("width", "wide", "'width' must be a number; found 'wide'"),
        ("width", "nan", "'width' must be a number; found 'nan'"),
        ("hedge", "maybe", "'hedge' must be true or false; found 'maybe'"),
        ("fast", "0", "'fast' of kernel 'k' must lie between 1 and 100; found 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, value: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        bind(SPEC, {name: value})
