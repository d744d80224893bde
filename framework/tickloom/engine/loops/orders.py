"""What an order gets: at which price, and how much of it."""

from __future__ import annotations

from functools import lru_cache
from math import nan
from typing import Any

from tickloom.engine.loops.access import Fn, Jit, Quotes
from tickloom.engine.loops.booking import Account, Log, Terms, Trade, make_charged
from tickloom.engine.orders.book import crossed, touch_price, walk, worse


@lru_cache
def make_orders(jit: Jit, fill: str, quotes: Quotes | None) -> tuple[Fn, Fn]:
    """``attempt`` and ``close``, both of ``(account, trade, delta, at, row, price, fresh, contract,
    terms, log)``: the account and the open trade after an order of ``delta`` contracts met the book
    at ``row``, as far as that allows; and after one at a contract's end, where all of it goes.

    ``fill`` is ``last`` (at ``price``), ``touch`` or ``depth``; ``fresh`` tells whether the book is
    young enough to trade with.
    """
    charged = make_charged(jit)
    touching, deep = fill == "touch", fill == "depth"
    quote_at: Any = quotes and quotes.quote_at
    bids_at: Any = quotes and quotes.bids_at
    asks_at: Any = quotes and quotes.asks_at

    @jit
    def touch(delta: int, at: Any, row: int, fresh: bool) -> float:
        bid, ask = quote_at(at, row)
        return touch_price(delta, bid, ask) if fresh else nan

    @jit
    def taken(delta: int, at: Any, row: int, fresh: bool, lot: float) -> tuple[int, float, float]:
        bid, ask = quote_at(at, row)
        if fresh and not crossed(bid, ask):
            if delta > 0:
                prices, quantities = asks_at(at, row)
            else:
                prices, quantities = bids_at(at, row)
            return walk(abs(delta), lot, prices, quantities)
        return 0, 0.0, nan

    @jit
    def counted(account: Account, unfilled: int, partial: int) -> Account:
        return Account(
            account.position,
            account.entry,
            account.gross,
            account.paid,
            account.trades,
            account.unfilled + unfilled,
            account.partial + partial,
        )

    @jit
    def attempt(
        account: Account,
        trade: Trade,
        delta: int,
        at: Any,
        row: int,
        price: float,
        fresh: bool,
        contract: int,
        terms: Terms,
        log: Log,
    ) -> tuple[Account, Trade]:
        quote = price
        if touching:
            quote = touch(delta, at, row, fresh)
            if not quote > 0.0:
                return counted(account, 1, 0), trade
        if deep:
            filled, value, _worst = taken(delta, at, row, fresh, terms.lot)
            if filled == 0:
                return counted(account, 1, 0), trade
            if filled < abs(delta):
                account = counted(account, 0, 1)
                delta = filled if delta > 0 else -filled
            quote = value / filled
        return charged(account, trade, delta, quote, row, contract, terms, log)  # type: ignore[no-any-return]

    @jit
    def close(
        account: Account,
        trade: Trade,
        delta: int,
        at: Any,
        row: int,
        price: float,
        fresh: bool,
        contract: int,
        terms: Terms,
        log: Log,
    ) -> tuple[Account, Trade]:
        quote = price
        if touching:
            quote = touch(delta, at, row, fresh)
            if not quote > 0.0:
                account = counted(account, 1, 0)
                quote = price
        if deep:
            filled, value, worst = taken(delta, at, row, fresh, terms.lot)
            missing = abs(delta) - filled
            if missing > 0:
                account = counted(account, 0, 1)
                value += missing * worse(delta, worst, price)
            quote = value / abs(delta)
        return charged(account, trade, delta, quote, row, contract, terms, log)  # type: ignore[no-any-return]

    return attempt, close
