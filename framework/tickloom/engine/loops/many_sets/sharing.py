"""The sweep loop of steps that remember nothing of their own.

Whatever such a step knows of the past is in its features, which parameter sets share. So the loop
takes a contract in tiles of rows and does in turn: each distinct feature at each row, a word of
bits a gate telling at which rows it is open, and then set by set. A set holds one position for many
rows; at which of the next 64 its step wants another is a mask that the compiler computes with
vector instructions across rows. While flat only rows with an open gate count, and 64 rows without
one cost a look at one word. The loops over a word's rows stand in the function that is the entry:
it alone is compiled for the widest vectors.

``docs/kernels.md`` has what that is worth beside a step with its averages in its state (``lanes``).
"""

from __future__ import annotations

from typing import Any, Final

from tickloom.engine.loops.access import Access, Facts, Fn, Jit
from tickloom.engine.loops.booking import Book, make_booked
from tickloom.engine.loops.entry import OUT_OF_BOUNDS
from tickloom.engine.loops.many_sets.cells import (
    TILE,
    Cells,
    SharedFeature,
    Tile,
    make_shared_features,
)
from tickloom.engine.loops.many_sets.words import WORD, Words
from tickloom.engine.loops.whole_step import ConstantSizes

MASKS: Final = 8
"""Masks computed for one set and word; where the position changes more often, the rest of the word
goes row by row."""

SHARED_ARGUMENTS: Final = (
    "contracts",
    "offsets",
    "expiry_day",
    "strike",
    "is_call",
    "sets",
    "bound",
    "gates",
    "cells",
    "edges",
    "cell_of",
    "gate_of",
    "constants_f",
    "constants_i",
    "shared_f",
    "shared_i",
    "limits_f",
    "limits_i",
    "now_f",
    "now_i",
    "values_f",
    "values_i",
    "usable",
    "allowed",
    "positions",
    "booked",
    "pnl",
    "trades",
    "skipped",
    "tables",
    "pieces",
)
"""Arguments of the loop; each column lies in one piece. A cell is one feature with one set of its
constants; ``edges`` tells which cells are whose, ``cell_of`` the cell of each feature and set."""

SHARED_NUMBERS: Final = ("contracts", "sets", "bound", "gates", "cells", "pieces")
"""Those that are int64, not pointers."""


def make_sharing(
    *,
    jit: Jit,
    features: tuple[SharedFeature, ...],
    allows: Fn | None,
    limits_at: Fn | None,
    step: Fn,
    full: Fn,
    access: Access,
    words: Words,
    one: bool,
    sizes: ConstantSizes,
) -> Fn:
    """The loop over contracts, tiles and sets. ``allows(tick, limits)`` is the gate's, None without
    one, ``step(tick, position, constants)`` the author's, ``full(tick, values)`` the tick with its
    features' values. ``one``: positions are -1, 0 or 1."""
    fields, limits, stride = sizes
    begin, follow, places_of, values_at = make_shared_features(jit, access, features, stride)
    booked_at = make_booked(jit, one)
    open_chunk, price_at, has_price = access.open_chunk, access.price_at, access.has_price
    tick_at, constants_at, whole = access.tick_at, access.constants_at, access.whole
    bit, above, lowest, rest = words
    gated = allows is not None
    permits: Any = allows
    limits_of: Any = limits_at
    tile_words = TILE // WORD

    @jit
    def seen_at(tile: Tile, ahead: int) -> Any:
        """The tick at a row, which may be without a price: what the step or gate says there counts
        for nothing, but neither has to get along with a price that no run shows them."""
        row = tile.start + ahead
        found = price_at(tile.at, row)
        price = found if found > 0 else tile.first_price
        return tick_at(tile.at, row, price, tile.facts, tile.contract)

    @jit
    def wanted_at(
        tile: Tile, ahead: int, cells: Cells, places: Any, position: int, constants: Any
    ) -> Any:
        """What the step of a set says at a row."""
        tick = full(seen_at(tile, ahead), values_at(cells, places, ahead))
        return step(tick, position, constants)

    @jit
    def loop(
        contracts: int,
        offsets: Any,
        expiry_day: Any,
        strike: Any,
        is_call: Any,
        sets: int,
        bound: int,
        gates: int,
        cells: int,
        edges: Any,
        cell_of: Any,
        gate_of: Any,
        constants_f: Any,
        constants_i: Any,
        shared_f: Any,
        shared_i: Any,
        limits_f: Any,
        limits_i: Any,
        now_f: Any,
        now_i: Any,
        values_f: Any,
        values_i: Any,
        usable: Any,
        allowed: Any,
        positions: Any,
        booked: Any,
        pnl: Any,
        trades: Any,
        skipped: Any,
        tables: Any,
        pieces: int,
    ) -> int:
        at, facts = open_chunk(tables, pieces, 0), Facts(expiry_day, strike, is_call)
        every = Cells(cells, edges, shared_f, shared_i, now_f, now_i, values_f, values_i)
        for contract in range(contracts):
            first, last, missing = offsets[contract], offsets[contract + 1] - 1, 0
            while first <= last and not has_price(at, first):
                missing += 1
                first += 1
            while first <= last and not has_price(at, last):
                missing += 1
                last -= 1
            for each in range(sets):
                positions[each] = positions[sets + each] = 0
                booked[each] = booked[sets + each] = 0.0
            first_price = 0.0
            if first <= last:
                first_price = price_at(at, first)
                begin(tick_at(at, first, first_price, facts, contract), every)
            start = first + 1
            while start <= last:
                count = min(TILE, last + 1 - start)
                tile = Tile(at, start, count, first_price, facts, contract)
                follow(tile, every)
                used = (count + WORD - 1) // WORD
                for word in range(used):
                    low = word * WORD
                    size = min(WORD, count - low)
                    bits = 0
                    for ahead in range(size):
                        priced = has_price(at, start + low + ahead)
                        bits |= bit(ahead) if priced else 0
                        missing += 0 if priced else 1
                    usable[word] = bits
                    if gated:
                        for gate in range(gates):
                            own = limits_of(limits_f, limits_i, gate * limits)
                            bits = 0
                            for ahead in range(size):
                                bits |= (
                                    bit(ahead) if permits(seen_at(tile, low + ahead), own) else 0
                                )
                            allowed[gate * tile_words + word] = bits & usable[word]
                for each in range(sets):
                    book = Book(
                        positions[each], booked[each], booked[sets + each], positions[sets + each]
                    )
                    constants = constants_at(constants_f, constants_i, each * fields)
                    places = places_of(cell_of, sets, each)
                    for word in range(used):
                        low = word * WORD
                        left = (
                            allowed[tile_words * gate_of[each] + word]
                            if gated and book.position == 0
                            else usable[word]
                        )
                        if count - low >= WORD:
                            # Three of each as they are: in arrays they cost 9%.
                            known_flat = known_long = known_short = bound + 1
                            mask_flat = mask_long = mask_short = 0
                            masks = 0
                            while left != 0 and (one or masks < MASKS):
                                position = book.position
                                known = (
                                    known_flat
                                    if position == 0
                                    else (known_long if position > 0 else known_short)
                                )
                                if known != position:
                                    masks += 1
                                    change = 0
                                    for ahead in range(WORD):
                                        wanted = wanted_at(
                                            tile, low + ahead, every, places, position, constants
                                        )
                                        change |= bit(ahead) if wanted != position else 0
                                    if position == 0:
                                        known_flat, mask_flat = position, change
                                    elif position > 0:
                                        known_long, mask_long = position, change
                                    else:
                                        known_short, mask_short = position, change
                                left &= (
                                    mask_flat
                                    if position == 0
                                    else (mask_long if position > 0 else mask_short)
                                )
                                if left == 0:
                                    break
                                ahead = lowest(left)
                                wanted = wanted_at(
                                    tile, low + ahead, every, places, position, constants
                                )
                                target = whole(wanted)
                                if target > bound or target < -bound:
                                    return OUT_OF_BOUNDS
                                left = (
                                    allowed[tile_words * gate_of[each] + word]
                                    if gated and target == 0
                                    else usable[word]
                                ) & above(ahead)
                                price = price_at(at, start + low + ahead)
                                book = booked_at(book, target, price)
                        while left != 0:
                            ahead = lowest(left)
                            wanted = wanted_at(
                                tile, low + ahead, every, places, book.position, constants
                            )
                            if wanted == book.position:
                                left = rest(left)
                                continue
                            target = whole(wanted)
                            if target > bound or target < -bound:
                                return OUT_OF_BOUNDS
                            left = (
                                allowed[tile_words * gate_of[each] + word]
                                if gated and target == 0
                                else usable[word]
                            ) & above(ahead)
                            book = booked_at(book, target, price_at(at, start + low + ahead))
                    positions[each] = book.position
                    positions[sets + each] = book.trades
                    booked[each] = book.entry
                    booked[sets + each] = book.gross
                start += count
            for each in range(sets):
                gross = booked[sets + each]
                if positions[each] != 0:
                    gross += positions[each] * (price_at(at, last) - booked[each])
                pnl[each * contracts + contract] = gross
                trades[each * contracts + contract] = positions[sets + each]
            skipped[contract] = missing
        return 0

    return loop
