"""Numba types of the records that loops make: ticks, constants, states."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any, Final

from numba import types

_KINDS: Final = {float: types.float64, int: types.int64, bool: types.boolean}


def constants_type(record: type[Any], kinds: Sequence[type]) -> Any:
    """The type of constants of the NamedTuple class ``record``; ``kinds`` are those of
    :class:`~tickloom.engine.kernels.constants.ConstantsLayout`."""
    return record_type(record, [_KINDS[kind] for kind in kinds])


def named_record(name: str, fields: tuple[str, ...], field_types: list[Any]) -> Any:
    """The type of a NamedTuple of a class of its own."""
    return record_type(namedtuple(name, fields), field_types)


def record_type(record: type[Any], field_types: list[Any]) -> Any:
    """The type of ``record``, a NamedTuple class, with fields of ``field_types``."""
    if field_types and len(set(field_types)) == 1:
        return types.NamedUniTuple(field_types[0], len(field_types), record)
    return types.NamedTuple(field_types, record)
