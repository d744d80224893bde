"""The loop of runs that ask for more than profits: fills, latency, costs, a log of trades."""

from __future__ import annotations

from typing import Any

from tickloom.engine.loops.access import Access, Facts, Fn, Jit, Rows, Stopped, Where
from tickloom.engine.loops.booking import Account, Log, Terms, Trade
from tickloom.engine.loops.entry import (
    BOUND,
    BY_TICKS,
    CONTRACT,
    LATENCY,
    OUT_OF_BOUNDS,
    ROW,
    STALE,
    STATUS,
    TIMED,
    WANTED,
)
from tickloom.engine.loops.orders import make_orders
from tickloom.engine.loops.rows import make_walk


def make_full(
    *,
    jit: Jit,
    init: Fn,
    step: Fn,
    widen: Fn,
    access: Access,
    fill: str,
    delayed: bool,
    checked: bool = False,
) -> Fn:
    """The loop over the contracts of a slice. ``fill`` is ``last``, ``touch`` or ``depth``;
    ``delayed``: orders arrive some ticks or nanoseconds after the step decided."""
    begin, onward = make_walk(jit, access)
    attempt, close = make_orders(jit, fill, access.quotes)
    open_chunk, price_at, has_price = access.open_chunk, access.price_at, access.has_price
    tick_at, constants_at, whole = access.tick_at, access.constants_at, access.whole
    stamp_at: Any = access.stamp_at
    quoted = fill != "last"
    quote_at: Any = access.quotes.quote_at if access.quotes else None
    timed = quoted or delayed

    @jit
    def out_of_bounds(row: int, wanted: int, place: Any) -> None:
        place[ROW] = row
        place[WANTED] = wanted
        place[STATUS] = OUT_OF_BOUNDS
        raise Stopped

    @jit
    def loop(
        contracts: int,
        offsets: Any,
        expiry_day: Any,
        strike: Any,
        is_call: Any,
        constants_f: Any,
        constants_i: Any,
        fill_values: Any,
        terms: Any,
        multiplier: Any,
        outcomes: Any,
        counts: Any,
        place: Any,
        queue: Any,
        log_i: Any,
        log_f: Any,
        log_capacity: int,
        edges: Any,
        decoded: int,
        tables: Any,
        pieces: int,
    ) -> int:
        constants = constants_at(constants_f, constants_i, 0)
        rows, facts = Rows(offsets, edges, tables, pieces), Facts(expiry_day, strike, is_call)
        log, bound = Log(log_i, log_f, log_capacity, place), fill_values[BOUND]
        where = Where(0, 0, -1, 0, 0, open_chunk(tables, pieces, 0))
        for contract in range(contracts):
            place[CONTRACT] = contract
            where, skipped = begin(contract, where, rows, decoded)
            account = Account(0, 0.0, 0.0, 0.0, 0, 0, 0)
            trade = Trade(0.0, 0.0, 0, 0, 0, 0.0, 0, 0.0)
            charges = Terms(terms, multiplier[contract])
            target = sent = head = tail = now = stamp = quoted_at = 0
            seen_bid = seen_ask = price = 0.0
            fresh = True
            row, last = where.row, where.last
            if row <= last:
                price = price_at(where.at, row)
                if quoted:
                    quoted_at = stamp_at(where.at, row) if fill_values[TIMED] != 0 else 0
                    seen_bid, seen_ask = quote_at(where.at, row)
                state = widen(init(tick_at(where.at, row, price, facts, contract), constants))
            while row < last:
                where = onward(where, row, rows, decoded)
                at, stop = where.at, min(last, where.edge - 1)
                while row < stop:
                    row += 1
                    if checked and row >= where.edge:
                        raise IndexError
                    if not has_price(at, row):
                        skipped += 1
                        continue
                    price = price_at(at, row)
                    if timed:
                        stamp = stamp_at(at, row) if fill_values[TIMED] != 0 else 0
                    if quoted:
                        bid, ask = quote_at(at, row)
                        if bid != seen_bid or ask != seen_ask:
                            seen_bid, seen_ask, quoted_at = bid, ask, stamp
                        fresh = stamp - quoted_at <= fill_values[STALE]
                    if delayed:
                        now = now + 1 if fill_values[BY_TICKS] != 0 else stamp
                        while head < tail and queue[2 * head] <= now:
                            target = queue[2 * head + 1]
                            head += 1
                        if target != account.position:
                            delta = target - account.position
                            account, trade = attempt(
                                account, trade, delta, at, row, price, fresh, contract, charges, log
                            )
                    tick = tick_at(at, row, price, facts, contract)
                    state, wanted = step(state, tick, account.position, constants)
                    if wanted != (sent if delayed else account.position):
                        sent = whole(wanted)
                        if sent > bound or sent < -bound:
                            out_of_bounds(row, sent, place)
                        if delayed:
                            queue[2 * tail] = now + fill_values[LATENCY]
                            queue[2 * tail + 1] = sent
                            tail += 1
                        else:
                            delta = sent - account.position
                            account, trade = attempt(
                                account, trade, delta, at, row, price, fresh, contract, charges, log
                            )
            if account.position != 0:
                delta = -account.position
                account, trade = close(
                    account, trade, delta, where.at, row, price, fresh, contract, charges, log
                )
            outcomes[contract] = account.gross - account.paid
            outcomes[contract + contracts] = account.paid
            counts[contract] = account.trades
            counts[contract + contracts] = skipped
            counts[contract + 2 * contracts] = account.unfilled
            counts[contract + 3 * contracts] = account.partial
        return 0

    return loop
