"""When the exchange trades, and to which day a holiday moves an expiry."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tickloom_calendars.tables import table_text

FIRST_YEAR: Final = 2019
"""The first year of the rules of expiry."""

FIRST_YEAR_OF_DAYS: Final = 2009
"""The first year whose trading days and hours the tables cover."""

NATIONAL_HOLIDAYS: Final = frozenset({(1, 26), (5, 1), (8, 15), (10, 2), (12, 25)})
"""Month and day of holidays that fall on one date each year: all that is known of a year whose
list the exchange has not published yet."""


@dataclass(frozen=True, slots=True)
class TradingDays:
    """The days of an exchange."""

    holidays: frozenset[date]
    """Weekdays without a regular session."""

    sessions: frozenset[date]
    """Special sessions on holidays and at weekends: ticks of these days are data, but an expiry
    never moves to one."""

    last_year: int
    """The last year whose holidays were published."""

    weekend: frozenset[date] = frozenset()
    """Days at a weekend with a regular session in place of another day's: an expiry can move to
    one."""

    def is_regular(self, day: date) -> bool:
        """Is there a regular session, on which contracts can expire?"""
        if day in self.weekend:
            return True
        if day.weekday() > 4 or day in self.holidays:
            return False
        return day.year <= self.last_year or (day.month, day.day) not in NATIONAL_HOLIDAYS

    def is_trading_day(self, day: date) -> bool | None:
        """Is there a session, regular or special? None where the year's holidays are not known."""
        if day in self.sessions:
            return True
        if day.weekday() <= 4 and not FIRST_YEAR_OF_DAYS <= day.year <= self.last_year:
            return None
        return self.is_regular(day)

    def final(self, scheduled: date) -> date:
        """The day on which a contract scheduled for a day expires: that day or the last regular
        session before it."""
        day = scheduled
        while not self.is_regular(day):
            day -= timedelta(days=1)
        return day


def committed_holidays() -> frozenset[date]:
    """The weekdays without a regular session of the committed table."""
    lines = csv.DictReader(table_text("nse_holidays.csv").splitlines())
    return frozenset(date.fromisoformat(line["date"]) for line in lines)


def corrected(holidays: Iterable[date], last_year: int) -> TradingDays:
    """Trading days by a list of holidays and the correction table, which wins."""
    closed = set(holidays)
    sessions, weekend = set(), set()
    for line in csv.DictReader(table_text("nse_corrections.csv").splitlines()):
        day = date.fromisoformat(line["date"])
        if line["status"] == "session":
            sessions.add(day)
        elif line["status"] == "closed":
            closed.add(day)
        elif line["status"] == "weekend":
            weekend.add(day)
        else:
            closed.discard(day)
    return TradingDays(frozenset(closed), frozenset(sessions), last_year, frozenset(weekend))


def committed_days() -> TradingDays:
    """Trading days by the committed tables."""
    holidays = committed_holidays()
    return corrected(holidays, max(day.year for day in holidays))
