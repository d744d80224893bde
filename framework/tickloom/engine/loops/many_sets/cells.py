"""Features of a sweep: a cell for each feature and each set of its constants, a tile at a time."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tickloom.engine.loops.access import Access, Facts, Fn, Jit

TILE: Final = 256
"""Rows between two looks at a set, a multiple of the rows of a word."""

CELL_ROW: Final = TILE + 8
"""From one cell's values to the next one's, numbers. A power of two would put many cells' values at
one row into the same few places of the fastest cache: a third of the speed with five numbers each.
"""

GROUP: Final = 8
"""Values of one feature that are carried side by side, to hide how long each one's update takes."""

FEATURE_SLOTS: Final = 8
"""Most numbers of one type in a feature that a sweep can share."""


class SharedFeature(NamedTuple):
    """The functions of a feature."""

    init: Fn
    """``(tick, constants)``: its value at a contract's first tick."""

    update: Fn
    """``(value, tick, constants)``: its value at a later one."""

    widen: Fn
    """Brings what ``init`` returns to the type of later values."""

    constants_at: Fn
    """``(shared_f, shared_i, start)``: the constants whose first slot is ``start``."""

    load: Fn
    """``(floats, ints, stride, place)``: a value whose numbers are ``stride`` apart."""

    store: Fn
    """``(floats, ints, stride, place, value)``: put it there."""


class Cells(NamedTuple):
    """All cells of a sweep."""

    size: int
    """How many."""

    edges: Any
    """First cell of each feature, then the number of all."""

    shared_f: Any
    """Their constants."""

    shared_i: Any
    """The same as integers."""

    now_f: Any
    """Their values at the row that was seen last."""

    now_i: Any
    """The integers among them."""

    values_f: Any
    """Their values at the rows of a tile."""

    values_i: Any
    """The integers among them."""


class Tile(NamedTuple):
    """Rows of a contract."""

    at: Any
    """Where columns lie."""

    start: int
    """The first of them."""

    size: int
    """How many."""

    first_price: float
    """The contract's first price."""

    facts: Facts
    """What clock fields know of contracts."""

    contract: int
    """Number in the slice."""


def make_shared_features(
    jit: Jit, access: Access, features: tuple[SharedFeature, ...], stride: int, number: int = 0
) -> tuple[Any, ...]:
    """``begin(tick, cells)`` and ``follow(tile, cells)``: every cell at a contract's first
    tick, and at each row of a tile. ``places_of(cell_of, sets, each)``: where the values of a set
    are. ``values_at(cells, places, ahead)``: those at a row of the tile, a tuple; 0 without any.
    ``stride`` is the number of constants of a cell, ``number`` that of the first feature."""
    if not features:
        return _make_none(jit)
    (init, update, widen, constants_at, load, store), rest = features[0], features[1:]
    more = bool(rest)
    nothing: tuple[Any, ...] = (None,) * 4
    begin_rest, follow_rest, places_rest, values_rest = (
        make_shared_features(jit, access, rest, stride, number + 1) if more else nothing
    )
    price_at, has_price, tick_at = access.price_at, access.has_price, access.tick_at

    @jit
    def begin(tick: Any, cells: Cells) -> None:
        for cell in range(cells.edges[number], cells.edges[number + 1]):
            own = constants_at(cells.shared_f, cells.shared_i, cell * stride)
            store(cells.now_f, cells.now_i, cells.size, cell, widen(init(tick, own)))
        if more:
            begin_rest(tick, cells)

    @jit
    def constants_of(cells: Cells, cell: int) -> Any:
        return constants_at(cells.shared_f, cells.shared_i, cell * stride)

    @jit
    def last_of(cells: Cells, cell: int) -> Any:
        return load(cells.now_f, cells.now_i, cells.size, cell)

    @jit
    def keep(cells: Cells, cell: int, value: Any) -> None:
        store(cells.now_f, cells.now_i, cells.size, cell, value)

    @jit
    def write(cells: Cells, cell: int, ahead: int, value: Any) -> None:
        place = cell * CELL_ROW + ahead
        store(cells.values_f, cells.values_i, cells.size * CELL_ROW, place, value)

    @jit
    def follow(tile: Tile, cells: Cells) -> None:
        cell = cells.edges[number]
        while cell < cells.edges[number + 1]:
            own_0 = constants_of(cells, cell)
            own_1 = constants_of(cells, cell + 1)
            own_2 = constants_of(cells, cell + 2)
            own_3 = constants_of(cells, cell + 3)
            own_4 = constants_of(cells, cell + 4)
            own_5 = constants_of(cells, cell + 5)
            own_6 = constants_of(cells, cell + 6)
            own_7 = constants_of(cells, cell + 7)
            now_0 = last_of(cells, cell)
            now_1 = last_of(cells, cell + 1)
            now_2 = last_of(cells, cell + 2)
            now_3 = last_of(cells, cell + 3)
            now_4 = last_of(cells, cell + 4)
            now_5 = last_of(cells, cell + 5)
            now_6 = last_of(cells, cell + 6)
            now_7 = last_of(cells, cell + 7)
            for ahead in range(tile.size):
                row = tile.start + ahead
                if has_price(tile.at, row):
                    price = price_at(tile.at, row)
                    tick = tick_at(tile.at, row, price, tile.facts, tile.contract)
                    now_0 = update(now_0, tick, own_0)
                    now_1 = update(now_1, tick, own_1)
                    now_2 = update(now_2, tick, own_2)
                    now_3 = update(now_3, tick, own_3)
                    now_4 = update(now_4, tick, own_4)
                    now_5 = update(now_5, tick, own_5)
                    now_6 = update(now_6, tick, own_6)
                    now_7 = update(now_7, tick, own_7)
                write(cells, cell, ahead, now_0)
                write(cells, cell + 1, ahead, now_1)
                write(cells, cell + 2, ahead, now_2)
                write(cells, cell + 3, ahead, now_3)
                write(cells, cell + 4, ahead, now_4)
                write(cells, cell + 5, ahead, now_5)
                write(cells, cell + 6, ahead, now_6)
                write(cells, cell + 7, ahead, now_7)
            keep(cells, cell, now_0)
            keep(cells, cell + 1, now_1)
            keep(cells, cell + 2, now_2)
            keep(cells, cell + 3, now_3)
            keep(cells, cell + 4, now_4)
            keep(cells, cell + 5, now_5)
            keep(cells, cell + 6, now_6)
            keep(cells, cell + 7, now_7)
            cell += GROUP
        if more:
            follow_rest(tile, cells)

    @jit
    def places_of(cell_of: Any, sets: int, each: int) -> Any:
        places = (cell_of[number * sets + each] * CELL_ROW,)
        if more:
            return places + places_rest(cell_of, sets, each)
        return places

    @jit
    def values_at(cells: Cells, places: Any, ahead: int) -> Any:
        stride = cells.size * CELL_ROW
        values = (load(cells.values_f, cells.values_i, stride, places[0] + ahead),)
        if more:
            return values + values_rest(cells, places[1:], ahead)
        return values

    return begin, follow, places_of, values_at


def _make_none(jit: Jit) -> tuple[Any, ...]:
    @jit
    def begin(tick: Any, cells: Cells) -> None:
        pass

    @jit
    def follow(tile: Tile, cells: Cells) -> None:
        pass

    @jit
    def places_of(cell_of: Any, sets: int, each: int) -> int:
        return 0

    @jit
    def values_at(cells: Cells, places: int, ahead: int) -> int:
        return 0

    return begin, follow, places_of, values_at
