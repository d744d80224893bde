"""A step's state in lanes: each number in it is a row of a scratch array."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numba
from numba import types

from tickloom.engine.codegen.sweep_source import FLOAT_SLOTS, INT_SLOTS, LANES, STATE_SLOTS


@dataclass(frozen=True, slots=True)
class StateLanes:
    """How one lane's state is read and written."""

    load: Callable[..., Any]
    """Compiled ``load(scratch_f, scratch_i, lane)``: the state."""

    store: Callable[..., Any]
    """Compiled ``store(scratch_f, scratch_i, lane, state)``."""


def state_in_lanes(state: Any) -> StateLanes | None:
    """How ``state`` (a Numba type) lies in lanes; None if it holds more than numbers and tuples of
    them, or too many."""
    numbers = list(_numbers(state, "state"))
    rows = _rows([kind for kind, _value in numbers])
    if rows is None:
        return None
    writes = [f"    {row} = {value}" for row, (_kind, value) in zip(rows, numbers, strict=True)]
    names: dict[str, Any] = {}
    source = (
        f"def load(scratch_f, scratch_i, lane):\n    return {_made(state, iter(rows), names)}\n\n"
        "def store(scratch_f, scratch_i, lane, state):\n" + "\n".join([*writes, "    return\n"])
    )
    exec(source, names)
    return StateLanes(numba.njit(names["load"]), numba.njit(names["store"]))


def _numbers(kind: Any, value: str) -> Iterator[tuple[Any, str]]:
    """Each number in ``value``, an expression of type ``kind``: its type and expression."""
    if not isinstance(kind, types.BaseTuple):
        yield kind, value
        return
    for place, field in enumerate(kind):
        yield from _numbers(field, f"{value}[{place}]")


def _rows(kinds: list[Any]) -> list[str] | None:
    """Where numbers of these types lie; None where one is no number or they are too many."""
    floats = ints = 0
    rows = []
    for kind in kinds:
        if isinstance(kind, types.Float):
            rows.append(f"scratch_f[{(FLOAT_SLOTS + floats) * LANES} + lane]")
            floats += 1
        elif isinstance(kind, types.Integer | types.Boolean):
            rows.append(f"scratch_i[{(INT_SLOTS + ints) * LANES} + lane]")
            ints += 1
        else:
            return None
    return rows if max(floats, ints) <= STATE_SLOTS else None


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
