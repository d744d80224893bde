"""How compiled loops read columns: intrinsics made for the columns and stored types at hand.

A chunk's addresses are a tuple, one a column: an array made by ``carray`` that a loop exchanges for
another would be counted by Numba's runtime, which a loop has to do without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tickloom.engine.compiling.hundredths import hundredths, hundredths_value
from tickloom.engine.kernels.columns import NS_PER_DAY, field_kind
from tickloom.engine.loops.access import Access, Quotes

F64_POINTER: Final = types.CPointer(types.float64)
I64_POINTER: Final = types.CPointer(types.int64)

_I64: Final = ir.IntType(64)
_FACTS: Final = ("expiry_day", "strike", "is_call")
_LEVELS: Final = range(5)


def inlined(checked: bool = False) -> Callable[..., Any]:
    """The ``jit`` of compiled loops: strict arithmetic, into the caller, without a way in from
    Python. One for each ``checked``, which asks for Numba's bounds check."""
    return _CHECKED if checked else _UNCHECKED


def _inlining(checked: bool) -> Callable[..., Any]:
    decorate: Callable[..., Any] = numba.njit(
        error_model="numpy",
        boundscheck=checked,
        forceinline=True,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
    )
    return decorate


_CHECKED: Final = _inlining(True)
_UNCHECKED: Final = _inlining(False)


def field_type(name: str) -> Any:
    """Numba type of a tick's field; ``wanted`` is that of a stepless loop."""
    return types.int64 if name == "wanted" else getattr(types, field_kind(name))


@cache
def column_access(
    columns: tuple[str, ...],
    dtypes: tuple[str, ...],
    tick: Any,
    constants: Any,
    stride: int = 1,
    decodes: bool = True,
) -> Access:
    """How a loop over ``columns``, stored as ``dtypes``, reads them. ``tick`` and ``constants`` are
    Numba types of NamedTuples; the slots of constants lie ``stride`` apart. ``decodes``: prices
    that are not float64 are turned into it in a room, many at a time."""
    stored = _Columns(columns, dtypes, decodes and dtypes[columns.index("price")] != "float64")
    return Access(
        open_chunk=stored.open_chunk(),
        raw_price=stored.raw_price(),
        price_at=stored.price_at(),
        has_price=stored.has_price(),
        tick_at=stored.tick_at(tick),
        constants_at=constants_access(constants, stride),
        whole=np.int64,
        decode=stored.decode() if stored.decoding else None,
        stamp_at=stored.value_at("timestamp_ns") if "timestamp_ns" in columns else None,
        quotes=stored.quotes(),
    )


@cache
def constants_access(constants: Any, stride: int = 1) -> Any:
    """``constants_at`` of :class:`Access` for ``constants``, the Numba type of a NamedTuple."""

    @intrinsic  # type: ignore[untyped-decorator]
    def constants_at(_typing: Any, floats: Any, ints: Any, start: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            values = []
            for slot, kind in enumerate(constants):
                place = builder.add(arguments[2], _I64(slot * stride))
                array = arguments[0 if isinstance(kind, types.Float) else 1]
                value = builder.load(builder.gep(array, [place], inbounds=True))
                if isinstance(kind, types.Boolean):
                    value = builder.icmp_signed("!=", value, _I64(0))
                values.append(value)
            return context.make_tuple(builder, constants, values)

        return constants(F64_POINTER, I64_POINTER, types.int64), generate

    return constants_at


@intrinsic  # type: ignore[untyped-decorator]
def _put(_typing: Any, address: Any, place: Any, value: Any) -> Any:
    """``_put(address, place, value)``: write a float64."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        start = builder.inttoptr(arguments[0], context.get_value_type(F64_POINTER))
        builder.store(arguments[2], builder.gep(start, [arguments[1]]))
        return context.get_dummy_value()

    return types.none(types.int64, types.int64, types.float64), generate


class _Columns:
    """The columns of a loop; each method makes one of its intrinsics."""

    def __init__(self, columns: Sequence[str], dtypes: Sequence[str], decoding: bool) -> None:
        self.decoding = decoding
        self._slots = {name: slot for slot, name in enumerate(columns)}
        self._dtypes = dict(zip(columns, dtypes, strict=True))
        # By plain names too: those of a NamedTuple do not say what a store's own column holds.
        self._types = {name: field_type(name) for name in columns}
        self._at = types.UniTuple(types.int64, len(columns))
        # As rows are read: decoded prices lie in a room.
        self._read = {**self._dtypes, "price": "float64"} if decoding else self._dtypes

    def open_chunk(self) -> Any:
        made = self._at

        @intrinsic  # type: ignore[untyped-decorator]
        def open_chunk(_typing: Any, tables: Any, pieces: Any, chunk: Any) -> Any:
            def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
                addresses = [_address(builder, slot, *arguments) for slot in range(len(made))]
                return context.make_tuple(builder, made, addresses)

            return made(I64_POINTER, types.int64, types.int64), generate

        return open_chunk

    def raw_price(self) -> Any:
        kind, slot = getattr(types, self._dtypes["price"]), self._slots["price"]

        @intrinsic  # type: ignore[untyped-decorator]
        def raw_price(_typing: Any, tables: Any, pieces: Any, chunk: Any, row: Any) -> Any:
            def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
                *table, row = arguments
                return _load(context, builder, _address(builder, slot, *table), row, kind)

            return kind(I64_POINTER, types.int64, types.int64, types.int64), generate

        return raw_price

    def price_at(self) -> Any:
        return self.value_at("price")

    def has_price(self) -> Any:
        # One that was decoded is never NaN, so that its bits tell: the units for floating point are
        # what two contracts side by side wait for (310 M rows/s instead of 304).
        read = "int64" if self.decoding else self._dtypes["price"]
        kind, slot = getattr(types, read), self._slots["price"]

        @intrinsic  # type: ignore[untyped-decorator]
        def has_price(_typing: Any, at: Any, row: Any) -> Any:
            def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
                at, row = arguments
                price = _load(context, builder, builder.extract_value(at, slot), row, kind)
                if isinstance(kind, types.Float):
                    return builder.fcmp_ordered(">", price, price.type(0))
                return builder.icmp_signed(">", price, price.type(0))

            return types.boolean(self._at, types.int64), generate

        return has_price

    def value_at(self, name: str) -> Any:
        """``(at, row)``: a column's value as float64 or int64."""

        @intrinsic  # type: ignore[untyped-decorator]
        def value_at(_typing: Any, at: Any, row: Any) -> Any:
            def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
                return self._value(context, builder, name, *arguments)

            return self._types[name](self._at, types.int64), generate

        return value_at

    def tick_at(self, tick: Any) -> Any:
        fields = tick.fields

        @intrinsic  # type: ignore[untyped-decorator]
        def tick_at(_typing: Any, at: Any, row: Any, price: Any, facts: Any, contract: Any) -> Any:
            def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
                at, row, price, facts, contract = arguments

                def fact(name: str) -> Any:
                    array = builder.extract_value(facts, _FACTS.index(name))
                    return builder.load(builder.gep(array, [contract], inbounds=True))

                def field(name: str) -> Any:
                    if name == "price":
                        return price
                    if name in self._slots:
                        return self._value(context, builder, name, at, row)
                    if name in _FACTS:
                        return fact(name)
                    stamp = self._value(context, builder, "timestamp_ns", at, row)
                    day = _I64(NS_PER_DAY)
                    if name == "time_of_day":
                        rest = builder.srem(stamp, day)
                        before_1970 = builder.icmp_signed("<", rest, _I64(0))
                        return builder.select(before_1970, builder.add(rest, day), rest)
                    midnight = builder.mul(builder.add(fact("expiry_day"), _I64(1)), day)
                    return builder.sub(midnight, stamp)

                return context.make_tuple(builder, tick, [field(name) for name in fields])

            return tick(at, row, price, facts, contract), generate

        return tick_at

    def quotes(self) -> Quotes | None:
        """The book, as far as the loop has it."""
        if not {"bp0", "sp0"} <= set(self._slots):
            return None
        sides = [
            (
                tuple(f"{side}p{level}" for level in _LEVELS),
                tuple(f"{side}q{level}" for level in _LEVELS),
            )
            for side in ("b", "s")
        ]
        deep = all(set(names) <= set(self._slots) for side in sides for names in side)
        bids, asks = (self._tuples(*side) for side in sides) if deep else (None, None)
        return Quotes(self._tuples(("bp0", "sp0")), bids, asks)

    def _tuples(self, *groups: tuple[str, ...]) -> Any:
        """``(at, row)``: the values of a group of columns of one type, or of several."""
        parts = [types.UniTuple(field_type(names[0]), len(names)) for names in groups]
        made = types.Tuple(parts) if len(parts) > 1 else parts[0]

        @intrinsic  # type: ignore[untyped-decorator]
        def tuples(_typing: Any, at: Any, row: Any) -> Any:
            def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
                found = [
                    context.make_tuple(
                        builder,
                        part,
                        [self._value(context, builder, name, *arguments) for name in names],
                    )
                    for names, part in zip(groups, parts, strict=True)
                ]
                return context.make_tuple(builder, made, found) if len(found) > 1 else found[0]

            return made(self._at, types.int64), generate

        return tuples

    def decode(self) -> Any:
        at_type, slot = self._at, self._slots["price"]
        kind = getattr(types, self._dtypes["price"])

        @intrinsic  # type: ignore[untyped-decorator]
        def stored_price(_typing: Any, at: Any, row: Any) -> Any:
            def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
                at, row = arguments
                return _load(context, builder, builder.extract_value(at, slot), row, kind)

            return kind(at_type, types.int64), generate

        @intrinsic  # type: ignore[untyped-decorator]
        def with_prices(_typing: Any, at: Any, address: Any) -> Any:
            def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
                return builder.insert_value(arguments[0], arguments[1], slot)

            return at_type(at_type, types.int64), generate

        @inlined()
        def decode(at: Any, row: int, rows: int, room: int) -> Any:
            for ahead in range(rows):
                _put(room, ahead, hundredths(stored_price(at, row + ahead)))
            return with_prices(at, room - 8 * row)

        return decode

    def _value(self, context: Any, builder: Any, name: str, at: Any, row: Any) -> Any:
        """A column's value as float64 or int64."""
        address = builder.extract_value(at, self._slots[name])
        kind, wanted = getattr(types, self._read[name]), self._types[name]
        found = _load(context, builder, address, row, kind)
        if kind == wanted:
            return found
        if wanted == types.int64:
            return context.cast(builder, found, kind, wanted)
        return hundredths_value(builder, found, kind, missing=name != "price")


def _address(builder: Any, slot: int, tables: Any, pieces: Any, chunk: Any) -> Any:
    place = builder.add(builder.mul(_I64(slot), pieces), chunk)
    return builder.load(builder.gep(tables, [place], inbounds=True))


def _load(context: Any, builder: Any, address: Any, row: Any, kind: Any) -> Any:
    start = builder.inttoptr(address, context.get_value_type(types.CPointer(kind)))
    return builder.load(builder.gep(start, [row]))
