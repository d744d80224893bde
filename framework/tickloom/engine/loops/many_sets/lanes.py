"""The sweep loop of steps with a state of their own: many parameter sets at each row.

Sets go through the loop in lanes: blocks of a fixed number, so that the compiler knows the inner
loop's length and turns the author's step into vector instructions. Everything that a lane carries
lies in one array a field. Blocks that are not full repeat the last set. The loops over lanes stand
in the function that is the entry: it alone is compiled for the widest vectors.
"""

from __future__ import annotations

from typing import Any, Final

from tickloom.engine.loops.access import Access, Facts, Fn, Jit
from tickloom.engine.loops.booking import Book, make_booked
from tickloom.engine.loops.entry import OUT_OF_BOUNDS

LANES: Final = 32
"""Sets in a block."""

FLOAT_SLOTS: Final = 2
"""Rows of the float64 scratch before the state's: entry price, profit."""

INT_SLOTS: Final = 2
"""Rows of the int64 scratch before the state's: position, trades."""

STATE_SLOTS: Final = 62
"""Most fields of one type in a state that a sweep can carry."""

SWEEP_ARGUMENTS: Final = (
    "contracts",
    "offsets",
    "expiry_day",
    "strike",
    "is_call",
    "blocks",
    "constants_f",
    "constants_i",
    "bound",
    "scratch_f",
    "scratch_i",
    "pnl",
    "trades",
    "skipped",
    "tables",
    "pieces",
)
"""Arguments of the loop; each column lies in one piece."""

SWEEP_NUMBERS: Final = ("contracts", "blocks", "bound", "pieces")
"""Those that are int64, not pointers."""


def make_lanes(
    *,
    jit: Jit,
    init: Fn,
    step: Fn,
    widen: Fn,
    load_state: Fn,
    store_state: Fn,
    access: Access,
    one: bool,
    fields: int,
) -> Fn:
    """The loop over contracts, blocks, rows and lanes. ``load_state(scratch_f, scratch_i, stride,
    place)`` and ``store_state``, which takes a state more, know how a state lies in rows that are
    ``stride`` apart; ``fields`` is the number of constants. ``one``: positions are -1, 0 or 1."""
    booked = make_booked(jit, one)
    open_chunk, price_at, has_price = access.open_chunk, access.price_at, access.has_price
    tick_at, constants_at, whole = access.tick_at, access.constants_at, access.whole
    first_slot = FLOAT_SLOTS * LANES
    assert FLOAT_SLOTS == INT_SLOTS

    @jit
    def load(floats: Any, ints: Any, lane: int) -> Book:
        return Book(ints[lane], floats[lane], floats[LANES + lane], ints[LANES + lane])

    @jit
    def store(floats: Any, ints: Any, lane: int, book: Book) -> None:
        floats[lane] = book.entry
        floats[LANES + lane] = book.gross
        ints[lane] = book.position
        ints[LANES + lane] = book.trades

    @jit
    def moved(book: Book, target: int, price: float) -> Book:
        """To ``target`` at ``price``; without a branch where positions are -1, 0 or 1."""
        if one:
            changed = target != book.position
            gross = book.gross + book.position * (price - book.entry) if changed else book.gross
            entry = price if changed else book.entry
            trades = book.trades + (1 if changed and target != 0 else 0)
            return Book(target, entry, gross, trades)
        if target != book.position:
            book = booked(book, target, price)
        return book

    @jit
    def loop(
        contracts: int,
        offsets: Any,
        expiry_day: Any,
        strike: Any,
        is_call: Any,
        blocks: int,
        constants_f: Any,
        constants_i: Any,
        bound: int,
        scratch_f: Any,
        scratch_i: Any,
        pnl: Any,
        trades: Any,
        skipped: Any,
        tables: Any,
        pieces: int,
    ) -> int:
        at, facts = open_chunk(tables, pieces, 0), Facts(expiry_day, strike, is_call)
        highest = lowest = 0
        for contract in range(contracts):
            first, last, ignored = offsets[contract], offsets[contract + 1] - 1, 0
            while first <= last and not has_price(at, first):
                ignored += 1
                first += 1
            while first <= last and not has_price(at, last):
                ignored += 1
                last -= 1
            for block in range(blocks):
                record = block * fields * LANES
                row, missing = first, 0
                if row <= last:
                    price = price_at(at, row)
                    tick = tick_at(at, row, price, facts, contract)
                    for lane in range(LANES):
                        constants = constants_at(constants_f, constants_i, record + lane)
                        state = widen(init(tick, constants))
                        store_state(scratch_f, scratch_i, LANES, first_slot + lane, state)
                        store(scratch_f, scratch_i, lane, Book(0, 0.0, 0.0, 0))
                    while row < last:
                        row += 1
                        if not has_price(at, row):
                            missing += 1
                            continue
                        price = price_at(at, row)
                        tick = tick_at(at, row, price, facts, contract)
                        for lane in range(LANES):
                            book = load(scratch_f, scratch_i, lane)
                            constants = constants_at(constants_f, constants_i, record + lane)
                            state = load_state(scratch_f, scratch_i, LANES, first_slot + lane)
                            state, wanted = step(state, tick, book.position, constants)
                            target = whole(wanted)
                            highest = max(highest, target)
                            lowest = min(lowest, target)
                            store_state(scratch_f, scratch_i, LANES, first_slot + lane, state)
                            store(scratch_f, scratch_i, lane, moved(book, target, price))
                        # Before the next row: no step is shown a position that is out of bounds.
                        if highest > bound or lowest < -bound:
                            return OUT_OF_BOUNDS
                    for lane in range(LANES):
                        book = load(scratch_f, scratch_i, lane)
                        gross = book.gross
                        if book.position != 0:
                            gross += book.position * (price - book.entry)
                        place = (block * LANES + lane) * contracts + contract
                        pnl[place] = gross
                        trades[place] = book.trades
                ignored += missing if block == 0 else 0
            skipped[contract] = ignored
        return 0

    return loop
