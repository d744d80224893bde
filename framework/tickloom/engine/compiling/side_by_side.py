"""Many values side by side: each number in a state or feature is a row of a scratch array."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numba
from numba import types

from tickloom.engine.loops.sets_in_lanes import FLOAT_SLOTS, INT_SLOTS, LANES, STATE_SLOTS
from tickloom.engine.loops.sets_sharing_features import FEATURE_SLOTS

NUMBERS: Final = (types.Float, types.Integer, types.Boolean)
"""What can lie side by side."""


@dataclass(frozen=True, slots=True)
class InRows:
    """How one of many values is read and written."""

    load: Callable[..., Any]
    """Compiled: gives the value at a place."""

    store: Callable[..., Any]
    """Compiled: takes a value more and puts it there."""


def state_in_lanes(state: Any) -> InRows | None:
    """How ``state`` (a Numba type) lies in lanes: ``load(scratch_f, scratch_i, lane)``. None if it
    holds more than numbers and tuples of them, or too many."""
    return _in_rows(
        state,
        "lane",
        lambda row: f"scratch_f[{(FLOAT_SLOTS + row) * LANES} + lane]",
        lambda row: f"scratch_i[{(INT_SLOTS + row) * LANES} + lane]",
        STATE_SLOTS,
    )


def value_in_rows(value: Any) -> InRows | None:
    """How a feature's ``value`` (a Numba type) lies in rows of any length: ``load(scratch_f,
    scratch_i, length, place)``. None if it holds too many numbers."""
    return _in_rows(
        value,
        "length, place",
        lambda row: f"scratch_f[{row} * length + place]",
        lambda row: f"scratch_i[{row} * length + place]",
        FEATURE_SLOTS,
    )


def _in_rows(
    kind: Any,
    place: str,
    float_row: Callable[[int], str],
    int_row: Callable[[int], str],
    most: int,
) -> InRows | None:
    numbers = list(_numbers(kind, "value"))
    floats = [number for number, _value in numbers if isinstance(number, types.Float)]
    if len(floats) > most or len(numbers) - len(floats) > most:
        return None
    if not all(isinstance(number, NUMBERS) for number, _value in numbers):
        return None
    rows, counts = [], {True: 0, False: 0}
    for number, _value in numbers:
        is_float = isinstance(number, types.Float)
        rows.append((float_row if is_float else int_row)(counts[is_float]))
        counts[is_float] += 1
    writes = [f"    {row} = {value}" for row, (_number, value) in zip(rows, numbers, strict=True)]
    names: dict[str, Any] = {}
    made = _made(kind, iter(rows), names)
    source = (
        f"def load(scratch_f, scratch_i, {place}):\n    return {made}\n\n"
        f"def store(scratch_f, scratch_i, {place}, value):\n" + "\n".join([*writes, "    return\n"])
    )
    exec(source, names)
    return InRows(numba.njit(names["load"]), numba.njit(names["store"]))


def _numbers(kind: Any, value: str) -> Iterator[tuple[Any, str]]:
    """Each number in ``value``, an expression of type ``kind``: its type and expression."""
    if not isinstance(kind, types.BaseTuple):
        yield kind, value
        return
    for place, field in enumerate(kind):
        yield from _numbers(field, f"{value}[{place}]")


def _made(kind: Any, rows: Iterator[str], names: dict[str, Any]) -> str:
    """The expression that makes a value of type ``kind`` from ``rows``; what it refers to is put
    into ``names``."""
    if isinstance(kind, types.Boolean):
        return f"{next(rows)} != 0"
    name = f"made{len(names)}"
    if not isinstance(kind, types.BaseTuple):
        names[name] = kind
        return f"{name}({next(rows)})"
    names[name] = getattr(kind, "instance_class", None)
    fields = "".join(f"{_made(field, rows, names)}, " for field in kind)
    return f"({fields})" if names[name] is None else f"{name}({fields})"
