"""The calendar of an Indian exchange: rules, trading days and a user's file made one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from tickloom import (
    CalendarGapError,
    Contract,
    Expiry,
    ExpiryDifference,
    ExpiryRow,
    NameReading,
    Session,
    format_expiry_rows,
    read_expiry_rows,
)
from tickloom_calendars.expiry_book import ExpiryBook
from tickloom_calendars.expiry_generator import STOCK_YEARS_AHEAD, YEARS_AHEAD
from tickloom_calendars.expiry_rules import ANY_UNDERLYING, ExpiryRule, rules_of
from tickloom_calendars.file_review import review
from tickloom_calendars.listings import listed_from
from tickloom_calendars.name_reader import NameReader
from tickloom_calendars.tables import table_text
from tickloom_calendars.trading_days import FIRST_YEAR_OF_DAYS, committed_days
from tickloom_calendars.trading_hours import TABLES, TradingHours

_MEANING: Final = "2"
"""Part of every version: raised when the code gives the same tables another meaning."""


_TABLES: Final = ("expiry_rules.csv", "nse_holidays.csv", "nse_corrections.csv", "listings.csv")


class ExchangeCalendar:
    """Names, expiries and sessions of one exchange's options."""

    def __init__(self, exchange: str, file: Path | None) -> None:
        self._exchange = exchange
        self._days = committed_days()
        self._hours = TradingHours(exchange)
        self._rules = rules_of(exchange)
        self._file_rows = read_expiry_rows(file) if file is not None else ()
        self._books: dict[str, ExpiryBook] = {}
        ruled = {rule.underlying for rule in self._rules} - {ANY_UNDERLYING}
        self._known = ruled | {row.instrument for row in self._file_rows}
        self._names = NameReader(self._known, ruled, self.book)
        self.version = self._digest()

    def read_names(self, symbols: Sequence[str], dialect: str = "") -> Sequence[NameReading]:
        """One reading for each symbol, in order."""
        return self._names.read(symbols, dialect)

    def is_trading_day(self, day: date) -> bool | None:
        """Is there a session on ``day``, regular or special?"""
        return self._days.is_trading_day(day)

    def session(self, day: date) -> Session | None:
        """The hours of ``day``; raises :class:`CalendarGapError` where they are not known."""
        trades = self._days.is_trading_day(day)
        if trades is None:
            raise CalendarGapError(
                f"the hours of {self._exchange} on {day} are not known: its holidays are, from "
                f"{FIRST_YEAR_OF_DAYS} to {self._days.last_year}"
            )
        return self._hours.session(day) if trades else None

    def expiry(self, contract: Contract) -> Expiry:
        """When ``contract`` expires; raises :class:`CalendarGapError` telling how to add it."""
        underlying = contract.underlying
        book = self.book(underlying)
        if len(contract.period) == 7:
            row = book.monthly.get(contract.period)
            stated = None
        else:
            stated = date.fromisoformat(contract.period)
            row = book.dated.get(stated)
        if row is None:
            raise CalendarGapError(self._gap(contract))
        moved = stated is not None and stated not in (row.scheduled, row.final)
        return Expiry(
            date=row.final,
            scheduled=stated if stated is not None and moved else row.scheduled,
            kind=row.kind,
            provisional=row.provisional,
            rule=self._explain(row, stated if moved else None),
            # What a user's file adds, the exchange's rules do not limit.
            listed=None if row in book.unruled else listed_from(self._key(underlying), row),
        )

    def book(self, underlying: str) -> ExpiryBook:
        """The expiries of one underlying; a stock's, where it has no rules of its own."""
        key = self._key(underlying)
        if key not in self._books:
            rows = [row for row in self._file_rows if row.instrument == key]
            rules = self._rules_for(key)
            ahead = STOCK_YEARS_AHEAD if rules[0].underlying == ANY_UNDERLYING else YEARS_AHEAD
            self._books[key] = ExpiryBook(rules, self._days, self._days.last_year + ahead, rows)
        return self._books[key]

    def differences(self, rows: Sequence[ExpiryRow]) -> list[ExpiryDifference]:
        """Where rows of a calendar file contradict the rules, by underlying and date."""
        found = []
        for name in sorted({row.instrument for row in rows}):
            of_name = [row for row in rows if row.instrument == name]
            found += review(of_name, self.book(name), self._rules_for(name), self._days)
        return found

    def _key(self, underlying: str) -> str:
        return underlying if underlying in self._known else ANY_UNDERLYING

    def _rules_for(self, underlying: str) -> list[ExpiryRule]:
        own = [rule for rule in self._rules if rule.underlying == underlying]
        return own or [rule for rule in self._rules if rule.underlying == ANY_UNDERLYING]

    def _explain(self, row: ExpiryRow, former: date | None) -> str:
        text = row.rule or "calendar file"
        if row.final != row.scheduled:
            text += (
                f"; no regular session on {row.scheduled}, the last one before it is {row.final}"
            )
        if former is not None:
            text += f"; listed for {former} before the exchange changed the rule"
        if row.provisional:
            text += "; provisional: the holidays of that year are not published yet"
        return text

    def _gap(self, contract: Contract) -> str:
        months = sorted(self.book(contract.underlying).monthly)
        known = f"{months[0]} to {months[-1]}" if months else "none"
        month = contract.period[:7]
        return (
            f"the calendar has no {contract.kind} {contract.underlying} expiry of "
            f"{contract.period} (contract months: {known}); to add it, put the line "
            f"'{contract.underlying},{contract.kind.capitalize()},{month},YYYY-MM-DD' under the "
            "header 'Instrument,Expiry_Type,Contract_Month,Final_Expiry' in a CSV file and pass "
            "it with --calendar FILE"
        )

    def _digest(self) -> str:
        parts = (
            _MEANING,
            self._exchange,
            *map(table_text, (*_TABLES, *TABLES)),
            format_expiry_rows(self._file_rows),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
