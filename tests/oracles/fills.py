"""Fills, latency, costs and the trade log as plain Python, one contract at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Tick = Mapping[str, float]


@dataclass
class Rules:
    """How orders are filled and what they cost."""

    mode: str = "last"
    latency_ticks: int = 0
    latency_ns: int = 0
    stale_ns: int = 0
    lot: float = 1.0
    per_order: float = 0.0
    per_contract: float = 0.0
    buy_rate: float = 0.0
    sell_rate: float = 0.0


@dataclass
class Trade:
    """Flat to flat."""

    entry_row: int
    exit_row: int = -1
    size: int = 0
    opening: list[tuple[int, float]] = field(default_factory=list)
    closing: list[tuple[int, float]] = field(default_factory=list)
    gain: float = 0.0
    fees: float = 0.0


class Book:
    """One contract's account."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.position = 0
        self.average = 0.0
        self.gross = 0.0
        self.fees = 0.0
        self.unfilled = 0
        self.partial = 0
        self.trades: list[Trade] = []

    def book(self, row: int, quantity: int, price: float) -> None:
        """A fill of ``quantity`` contracts, signed."""
        fee = self.rules.per_order
        rate = self.rules.buy_rate if quantity > 0 else self.rules.sell_rate
        if self.position * quantity < 0:
            closing = min(abs(quantity), abs(self.position))
            held = closing if self.position > 0 else -closing
            trade = self.trades[-1]
            gain = held * (price - self.average) * self.rules.lot
            self.gross += gain
            trade.gain += gain
            self._charge(trade, fee, rate, closing, price)
            fee = 0.0
            trade.closing.append((closing, price))
            self.position -= held
            quantity += held
            if self.position == 0:
                trade.exit_row = row
        if quantity != 0:
            if self.position == 0:
                self.trades.append(Trade(row))
                self.average = price
            else:
                cost = self.average * abs(self.position) + price * abs(quantity)
                self.average = cost / abs(self.position + quantity)
            self.position += quantity
            trade = self.trades[-1]
            trade.opening.append((abs(quantity), price))
            if abs(self.position) > abs(trade.size):
                trade.size = self.position
            self._charge(trade, fee, rate, abs(quantity), price)

    def _charge(self, trade: Trade, fee: float, rate: float, size: int, price: float) -> None:
        fee += self.rules.per_contract * size
        fee += rate * (price * size * self.rules.lot)
        self.fees += fee
        trade.fees += fee


def run_contract(
    ticks: Sequence[Tick], decide: Callable[[Tick, int], int], rules: Rules
) -> tuple[Book, int]:
    """The account of one contract after its last tick, and the rows skipped. ``decide`` is asked
    at each tick but the first, with the position held."""
    rows = [row for row, tick in enumerate(ticks) if tick["price"] > 0]
    book = Book(rules)
    orders: list[tuple[float, int]] = []
    sent = target = 0
    quoted_at = 0.0
    for number, row in enumerate(rows):
        tick = ticks[row]
        before = ticks[rows[number - 1]] if number else None
        if before is None or any(tick[q] != before[q] for q in ("bp0", "sp0")):
            quoted_at = tick["timestamp_ns"]
        if number == 0:
            continue
        fresh = not rules.stale_ns or tick["timestamp_ns"] - quoted_at <= rules.stale_ns
        if rules.latency_ticks or rules.latency_ns:
            now = number if rules.latency_ticks else tick["timestamp_ns"]
            while orders and orders[0][0] <= now:
                target = orders.pop(0)[1]
            _trade(book, row, tick, target, fresh)
            wanted = decide(tick, book.position)
            if wanted != sent:
                orders.append((now + (rules.latency_ticks or rules.latency_ns), wanted))
                sent = wanted
        else:
            _trade(book, row, tick, decide(tick, book.position), fresh)
    if book.position:
        _close(book, rows[-1], ticks[rows[-1]], fresh)
    return book, len(ticks) - len(rows)


def _trade(book: Book, row: int, tick: Tick, target: int, fresh: bool) -> None:
    wanted = target - book.position
    if wanted == 0:
        return
    taken = _offers(book.rules, tick, wanted, fresh)
    filled = sum(size for size, _ in taken)
    if filled == 0:
        book.unfilled += 1
        return
    if filled < abs(wanted):
        book.partial += 1
    book.book(row, filled if wanted > 0 else -filled, _average(taken))


def _close(book: Book, row: int, tick: Tick, fresh: bool) -> None:
    size = abs(book.position)
    taken = _offers(book.rules, tick, -book.position, fresh)
    missing = size - sum(part for part, _ in taken)
    if missing:
        price = tick["price"]
        if taken:
            reached = taken[-1][1]
            price = min(price, reached) if book.position > 0 else max(price, reached)
        taken.append((missing, price))
        if book.rules.mode == "depth":
            book.partial += 1
        else:
            book.unfilled += 1
    book.book(row, -book.position, _average(taken))


def _offers(rules: Rules, tick: Tick, wanted: int, fresh: bool) -> list[tuple[int, float]]:
    """What an order gets now: contracts and their price, best level first."""
    size = abs(wanted)
    if rules.mode == "last":
        return [(size, tick["price"])]
    if not fresh or tick["bp0"] > tick["sp0"]:
        return []
    side = "s" if wanted > 0 else "b"
    if rules.mode == "touch":
        price = tick[f"{side}p0"]
        return [(size, price)] if price > 0 else []
    taken: list[tuple[int, float]] = []
    for level in range(5):
        price = tick[f"{side}p{level}"]
        offered = math.floor(tick[f"{side}q{level}"] / rules.lot)
        part = min(offered, size - sum(p for p, _ in taken))
        if price > 0 and part > 0:
            taken.append((part, price))
    return taken


def _average(taken: list[tuple[int, float]]) -> float:
    if len(taken) == 1:
        return taken[0][1]
    return sum(size * price for size, price in taken) / sum(size for size, _ in taken)
