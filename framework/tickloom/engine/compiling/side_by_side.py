"""Many values side by side: each number in a state or feature is a row of a scratch array."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tickloom.engine.compiling.access import F64_POINTER, I64_POINTER

NUMBERS: Final = (types.Float, types.Integer, types.Boolean)
"""What can lie side by side."""

_I64: Final = ir.IntType(64)


@dataclass(frozen=True, slots=True)
class InRows:
    """How one of many values is read and written; rows are ``stride`` apart, and ``place`` is that
    in the first of them."""

    load: Callable[..., Any]
    """``(scratch_f, scratch_i, stride, place)``, compiled: the value."""

    store: Callable[..., Any]
    """``(scratch_f, scratch_i, stride, place, value)``, compiled: put it there."""


def in_rows(kind: Any, most: int) -> InRows | None:
    """How values of ``kind`` (a Numba type) lie in rows. None if that holds more than numbers and
    tuples of them, or more than ``most`` floats or other numbers."""
    numbers = list(_numbers(kind))
    floats = sum(isinstance(number, types.Float) for number in numbers)
    if floats > most or len(numbers) - floats > most:
        return None
    if not all(isinstance(number, NUMBERS) for number in numbers):
        return None

    @intrinsic  # type: ignore[untyped-decorator]
    def load(_typing: Any, floats: Any, ints: Any, stride: Any, place: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            rows = _Rows(builder, arguments)

            def made(part: Any) -> Any:
                if isinstance(part, types.BaseTuple):
                    return context.make_tuple(builder, part, [made(field) for field in part])
                return context.cast(builder, builder.load(rows.next(part)), _stored(part), part)

            return made(kind)

        return kind(F64_POINTER, I64_POINTER, types.int64, types.int64), generate

    @intrinsic  # type: ignore[untyped-decorator]
    def store(_typing: Any, floats: Any, ints: Any, stride: Any, place: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            *where, value = arguments
            rows = _Rows(builder, where)

            def put(part: Any, found: Any) -> None:
                if isinstance(part, types.BaseTuple):
                    for slot, field in enumerate(part):
                        put(field, builder.extract_value(found, slot))
                    return
                builder.store(context.cast(builder, found, part, _stored(part)), rows.next(part))

            put(kind, value)
            return context.get_dummy_value()

        return types.none(F64_POINTER, I64_POINTER, types.int64, types.int64, kind), generate

    return InRows(load, store)


class _Rows:
    """The places of a value's numbers, one after another."""

    def __init__(self, builder: Any, arguments: Any) -> None:
        self._builder = builder
        self._floats, self._ints, self._stride, self._place = arguments
        self._used = {True: 0, False: 0}

    def next(self, kind: Any) -> Any:
        """The address of the next number, which is of ``kind``."""
        is_float = isinstance(kind, types.Float)
        row = self._builder.mul(self._stride, _I64(self._used[is_float]))
        self._used[is_float] += 1
        array = self._floats if is_float else self._ints
        return self._builder.gep(array, [self._builder.add(row, self._place)], inbounds=True)


def _stored(kind: Any) -> Any:
    return types.float64 if isinstance(kind, types.Float) else types.int64


def _numbers(kind: Any) -> Iterator[Any]:
    """The type of each number in a value of type ``kind``."""
    if not isinstance(kind, types.BaseTuple):
        yield kind
        return
    for field in kind:
        yield from _numbers(field)
