"""Numba types of the records that loops make: ticks, constants, states."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any, Final

from numba import types
from numba.extending import intrinsic

_KINDS: Final = {float: types.float64, int: types.int64, bool: types.boolean}


def constants_type(record: type[Any], kinds: Sequence[type]) -> Any:
    """The type of constants of the NamedTuple class ``record``; ``kinds`` are those of
    :class:`~tickloom.engine.kernels.constants.ConstantsLayout`."""
    return record_type(record, [_KINDS[kind] for kind in kinds])


def part_of(whole: Any, start: int, part: Any) -> Any:
    """Compiled code that takes the constants ``part`` out of all, whose type is ``whole``; they are
    those from ``start`` on."""

    @intrinsic  # type: ignore[untyped-decorator]
    def own(_typing: Any, constants: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            slots = range(start, start + len(part))
            values = [builder.extract_value(arguments[0], slot) for slot in slots]
            return context.make_tuple(builder, part, values)

        return part(whole), generate

    return own


def with_features(full: Any) -> Any:
    """Compiled code that makes a tick of type ``full`` from one without features and a tuple of
    their values, or 0."""

    @intrinsic  # type: ignore[untyped-decorator]
    def joined(_typing: Any, tick: Any, now: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            values = [builder.extract_value(arguments[0], slot) for slot in range(len(tick))]
            more = len(full) - len(tick)
            values += [builder.extract_value(arguments[1], slot) for slot in range(more)]
            return context.make_tuple(builder, full, values)

        return full(tick, now), generate

    return joined


def named_record(name: str, fields: tuple[str, ...], field_types: list[Any]) -> Any:
    """The type of a NamedTuple of a class of its own."""
    return record_type(namedtuple(name, fields), field_types)


def record_type(record: type[Any], field_types: list[Any]) -> Any:
    """The type of ``record``, a NamedTuple class, with fields of ``field_types``."""
    if field_types and len(set(field_types)) == 1:
        return types.NamedUniTuple(field_types[0], len(field_types), record)
    return types.NamedTuple(field_types, record)
