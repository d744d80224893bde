"""How the interpreter reads columns: arrays instead of addresses, Python's own numbers.

``tables`` is a :class:`Tables`, and ``at`` a chunk of each column with the row that it begins at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from tickloom.engine.kernels.columns import column_kind
from tickloom.engine.loops.access import Access, Facts, Fn, Quotes
from tickloom.engine.loops.shape import LoopShape
from tickloom.engine.loops.whole_step import full_tick

_NS_PER_DAY: Final = 86_400_000_000_000
_LEVELS: Final = range(5)


class Tables(NamedTuple):
    """The columns of a slice."""

    edges: Sequence[int]
    """First row of each chunk, then the number of all."""

    columns: Sequence[Sequence[Any] | None]
    """The chunks of each column, arrays; None for one that this run does not look at."""


class Chunk(NamedTuple):
    """Rows of each column that lie in one piece."""

    first: int
    """The first of them."""

    columns: tuple[Any, ...]
    """An array each, or None."""


def constants_in(record: type[Any], kinds: Sequence[type], stride: int = 1) -> Fn:
    """``constants_at`` for ``record``, whose fields are of ``kinds``."""

    def constants_at(floats: Any, ints: Any, start: int) -> Any:
        places = [start + slot * stride for slot in range(len(kinds))]
        return record(
            *(
                floats[place] if kind is float else kind(ints[place])
                for kind, place in zip(kinds, places, strict=True)
            )
        )

    return constants_at


def interpreted_access(shape: LoopShape, record: type[Any], stride: int = 1) -> Access:
    """How a loop of ``shape`` reads its columns, and its constants as ``record``."""
    slots = {name: slot for slot, name in enumerate(shape.columns)}
    made = full_tick(shape.tick)

    def reader(name: str) -> Callable[[Chunk, int], Any]:
        slot, stored = slots[name], np.dtype(shape.stored(name))
        hundredths = name != "wanted" and column_kind(name) == "float64" and stored.kind == "i"
        lowest = int(np.iinfo(stored).min) if hundredths else 0

        def value_at(at: Chunk, row: int) -> Any:
            if row < at.first:
                raise IndexError(f"row {row} lies before the chunk that is open")
            found = at.columns[slot][row - at.first].item()
            if not hundredths:
                return found
            return float("nan") if found == lowest else found / 100.0

        return value_at

    def several(names: Sequence[str]) -> Fn:
        readers = [reader(name) for name in names]
        return lambda at, row: tuple(read(at, row) for read in readers)

    def side(letter: str) -> Fn | None:
        names = [[f"{letter}{what}{level}" for level in _LEVELS] for what in "pq"]
        if not {name for group in names for name in group} <= set(slots):
            return None
        prices, quantities = map(several, names)
        return lambda at, row: (prices(at, row), quantities(at, row))

    def clock(name: str) -> Fn:
        def field(at: Chunk, row: int, facts: Facts, contract: int) -> Any:
            if name in Facts._fields:
                return getattr(facts, name)[contract]
            stamp = stamp_at(at, row)
            if name == "time_of_day":
                return stamp % _NS_PER_DAY
            return (facts.expiry_day[contract] + 1) * _NS_PER_DAY - stamp

        return field

    def column(name: str) -> Fn:
        read = reader(name)
        return lambda at, row, facts, contract: read(at, row)

    def open_chunk(tables: Tables, pieces: int, chunk: int) -> Chunk:
        columns = tuple(chunks and chunks[chunk] for chunks in tables.columns)
        return Chunk(tables.edges[chunk], columns)

    def raw_price(tables: Tables, pieces: int, chunk: int, row: int) -> Any:
        return price_at(open_chunk(tables, pieces, chunk), row)

    def has_price(at: Chunk, row: int) -> bool:
        return bool(price_at(at, row) > 0)

    def tick_at(at: Chunk, row: int, price: float, facts: Facts, contract: int) -> Any:
        return made(*(field(at, row, facts, contract) for field in fields))

    price_at = reader("price")
    stamp_at: Any = reader("timestamp_ns") if "timestamp_ns" in slots else None
    fields = [column(name) if name in slots else clock(name) for name in shape.tick]
    quoted = {"bp0", "sp0"} <= set(slots)
    return Access(
        open_chunk=open_chunk,
        raw_price=raw_price,
        price_at=price_at,
        has_price=has_price,
        tick_at=tick_at,
        constants_at=constants_in(record, shape.constants, stride),
        whole=int,
        stamp_at=stamp_at,
        quotes=Quotes(several(("bp0", "sp0")), side("b"), side("s")) if quoted else None,
    )
