"""Holidays from exchange_calendars (the extra ``calendar``); its import costs over a second."""

from __future__ import annotations

import warnings
from datetime import date, time, timedelta
from typing import Any, Final

from tickloom import TickloomError
from tickloom_calendars.trading_days import FIRST_YEAR_OF_DAYS

LAST_US_YEAR: Final = 2028
"""The last year whose holidays and early closes NYSE has published."""


def library_holidays() -> tuple[list[date], int]:
    """Weekdays without a session of XBOM (NSE keeps the same days), ascending, and the last year
    that the library covers.

    Raises :class:`TickloomError` with the install command where the library is missing.
    """
    first = date(FIRST_YEAR_OF_DAYS, 1, 1)
    sessions = {stamp.date() for stamp in _library("XBOM", first).sessions}
    # The library ends at the last year with known holidays, or a year from today: the published
    # list ends with the last holiday that it knows.
    weekdays = _weekdays(first, max(sessions))
    holidays = [day for day in weekdays if day not in sessions]
    return holidays, holidays[-1].year


def library_us_days() -> tuple[list[date], dict[date, time]]:
    """Weekdays without a session of XNYS, ascending, and the closes of days that end early, until
    :data:`LAST_US_YEAR`."""
    first, last = date(FIRST_YEAR_OF_DAYS, 1, 1), date(LAST_US_YEAR, 12, 31)
    calendar = _library("XNYS", first, last)
    sessions = {stamp.date() for stamp in calendar.sessions}
    closes = calendar.schedule.loc[calendar.early_closes, "close"]
    early = {day.date(): close.tz_convert(calendar.tz).time() for day, close in closes.items()}
    return [day for day in _weekdays(first, last) if day not in sessions], early


def _library(name: str, first: date, last: date | None = None) -> Any:
    """A calendar of exchange_calendars from ``first`` on."""
    try:
        from exchange_calendars import get_calendar
    except ImportError as error:
        raise TickloomError(
            "building a calendar takes its holidays from exchange_calendars, which is not "
            "installed; run: pip install 'tickloom[calendar]'"
        ) from error
    with warnings.catch_warnings():
        # What the library's own use of pandas warns of is nothing that a user could change.
        warnings.simplefilter("ignore")
        return get_calendar(name, start=first.isoformat(), end=last.isoformat() if last else None)


def _weekdays(first: date, last: date) -> list[date]:
    count = (last - first).days + 1
    days = (first + timedelta(days=n) for n in range(count))
    return [day for day in days if day.weekday() <= 4]
