"""What a fill does to a contract's account: position, average price, profit, costs, trade log.

A fill at ``quote`` first closes what is held in the other direction, then opens with the rest; what
is held has one price, the average of what it was bought at.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from tickloom.engine.loops.access import Fn, Jit, Stopped
from tickloom.engine.loops.entry import (
    BUY_RATE,
    LOG_FULL,
    LOGGED,
    PER_CONTRACT,
    PER_ORDER,
    SELL_RATE,
    STATUS,
)


class Book(NamedTuple):
    """What a contract has come to in a run that asks for nothing but profits."""

    position: int
    """Contracts held, signed."""

    entry: float
    """Average price of what is held."""

    gross: float
    """Profit."""

    trades: int
    """Trades opened."""


class Account(NamedTuple):
    """What a contract has come to where fills are charged."""

    position: int
    """Contracts held, signed."""

    entry: float
    """Average price of what is held."""

    gross: float
    """Profit before costs."""

    paid: float
    """Costs."""

    trades: int
    """Trades opened."""

    unfilled: int
    """Ticks at which an order found no usable quote."""

    partial: int
    """Fills smaller than the order."""


class Trade(NamedTuple):
    """The trade that is open, flat to flat."""

    gross: float
    """Profit before costs."""

    paid: float
    """Costs."""

    entry_row: int
    """Row of the first fill."""

    peak: int
    """Largest position, signed."""

    opened: int
    """Contracts that built it up."""

    opened_value: float
    """Sum of price times contracts over them."""

    closed: int
    """Contracts that took it down."""

    closed_value: float
    """Sum of price times contracts over them."""


class Terms(NamedTuple):
    """What a contract's fills pay."""

    values: Any
    """The slots of ``terms``."""

    lot: float
    """Units in one contract."""


class Log(NamedTuple):
    """Where trades are logged, four numbers of either kind each."""

    ints: Any
    """Contract, row of the first and of the last fill, largest position."""

    floats: Any
    """Average prices of what was opened and closed, profit after costs, costs."""

    capacity: int
    """Trades that there is room for; negative: none are logged."""

    place: Any
    """The slots of ``place``."""


@lru_cache
def make_booked(jit: Jit, one: bool) -> Fn:
    """``booked(book, target, quote)``: a fill that takes the position to ``target``; ``one`` where
    positions are -1, 0 or 1."""

    @jit
    def booked(book: Book, target: int, quote: float) -> Book:
        position, entry, gross, trades = book
        if one:
            gross += position * (quote - entry)
            trades += 1 if target != 0 else 0
            return Book(target, quote, gross, trades)
        delta = target - position
        if position != 0 and (position > 0) != (delta > 0):
            leaving = min(abs(delta), abs(position))
            leaving = leaving if position > 0 else -leaving
            gross += leaving * (quote - entry)
            position -= leaving
            delta += leaving
        if delta != 0:
            if position == 0:
                trades += 1
                entry = quote
            else:
                held = entry * abs(position) + quote * abs(delta)
                entry = held / abs(position + delta)
            position += delta
        return Book(position, entry, gross, trades)

    return booked


@lru_cache
def make_charged(jit: Jit) -> Fn:
    """``charged(account, trade, delta, quote, row, contract, terms, log)``: a fill of ``delta``
    contracts with its costs; a trade that it ends is logged."""

    @jit
    def fee(size: int, quote: float, delta: int, terms: Terms, flat: float) -> float:
        rate = terms.values[BUY_RATE] if delta > 0 else terms.values[SELL_RATE]
        cost: float = flat + terms.values[PER_CONTRACT] * size + rate * (quote * size * terms.lot)
        return cost

    @jit
    def logged(trade: Trade, row: int, contract: int, log: Log) -> Trade:
        if log.capacity >= 0:
            at = log.place[LOGGED]
            if at >= log.capacity:
                log.place[STATUS] = LOG_FULL
                raise Stopped
            log.ints[4 * at] = contract
            log.ints[4 * at + 1] = trade.entry_row
            log.ints[4 * at + 2] = row
            log.ints[4 * at + 3] = trade.peak
            log.floats[4 * at] = trade.opened_value / trade.opened
            log.floats[4 * at + 1] = trade.closed_value / trade.closed
            log.floats[4 * at + 2] = trade.gross - trade.paid
            log.floats[4 * at + 3] = trade.paid
            log.place[LOGGED] = at + 1
        return Trade(0.0, 0.0, trade.entry_row, 0, 0, 0.0, 0, 0.0)

    @jit
    def charged(
        account: Account,
        trade: Trade,
        delta: int,
        quote: float,
        row: int,
        contract: int,
        terms: Terms,
        log: Log,
    ) -> tuple[Account, Trade]:
        position, entry, gross, paid, trades, unfilled, partial = account
        flat = terms.values[PER_ORDER]
        if position != 0 and (position > 0) != (delta > 0):
            size = min(abs(delta), abs(position))
            leaving = size if position > 0 else -size
            gain = leaving * (quote - entry) * terms.lot
            cost = fee(size, quote, delta, terms, flat)
            flat = 0.0
            gross += gain
            paid += cost
            trade = Trade(
                trade.gross + gain,
                trade.paid + cost,
                trade.entry_row,
                trade.peak,
                trade.opened,
                trade.opened_value,
                trade.closed + size,
                trade.closed_value + quote * size,
            )
            position -= leaving
            delta += leaving
            if position == 0:
                trade = logged(trade, row, contract, log)
        if delta != 0:
            size = abs(delta)
            first_row = trade.entry_row
            if position == 0:
                trades += 1
                entry = quote
                first_row = row
            else:
                held = entry * abs(position) + quote * size
                entry = held / abs(position + delta)
            position += delta
            cost = fee(size, quote, delta, terms, flat)
            paid += cost
            trade = Trade(
                trade.gross,
                trade.paid + cost,
                first_row,
                position if abs(position) > abs(trade.peak) else trade.peak,
                trade.opened + size,
                trade.opened_value + quote * size,
                trade.closed,
                trade.closed_value,
            )
        return Account(position, entry, gross, paid, trades, unfilled, partial), trade

    return charged
