"""A step's state in lanes: each field of it is a row of a scratch array."""

from __future__ import annotations

from collections.abc import Callable
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
    """How ``state`` (a Numba type) lies in lanes; None if it holds more than
    numbers, or too many of them."""
    is_record = isinstance(state, types.BaseTuple)
    fields = list(state) if is_record else [state]
    places = _places(fields)
    if places is None:
        return None
    reads = ", ".join(
        f"cast{number}({place})" if isinstance(field, types.Number) else f"{place} != 0"
        for number, (field, place) in enumerate(zip(fields, places, strict=True))
    )
    made = "state" if not is_record else "record"
    cls = getattr(state, "instance_class", None)
    whole = f"record({reads})" if cls else (f"({reads},)" if is_record else reads)
    values = [f"state[{n}]" if is_record else made for n in range(len(fields))]
    lines = [f"    {place} = {value}" for place, value in zip(places, values, strict=True)]
    source = (
        f"def load(scratch_f, scratch_i, lane):\n    return {whole}\n\n"
        "def store(scratch_f, scratch_i, lane, state):\n" + "\n".join([*lines, "    return\n"])
    )
    names: dict[str, Any] = {f"cast{number}": field for number, field in enumerate(fields)}
    names["record"] = cls
    exec(source, names)
    return StateLanes(numba.njit(names["load"]), numba.njit(names["store"]))


def _places(fields: list[Any]) -> list[str] | None:
    floats = ints = 0
    places = []
    for field in fields:
        if isinstance(field, types.Float):
            places.append(f"scratch_f[{(FLOAT_SLOTS + floats) * LANES} + lane]")
            floats += 1
        elif isinstance(field, types.Integer | types.Boolean):
            places.append(f"scratch_i[{(INT_SLOTS + ints) * LANES} + lane]")
            ints += 1
        else:
            return None
    return places if max(floats, ints) <= STATE_SLOTS else None
