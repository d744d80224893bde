"""Holidays from exchange_calendars (the extra ``calendar``); its import costs over a second."""

from __future__ import annotations

import warnings
from datetime import date, timedelta

from tickloom import TickloomError
from tickloom_calendars.trading_days import FIRST_YEAR


def library_holidays() -> tuple[list[date], int]:
    """Weekdays without a session of XBOM (NSE keeps the same days), ascending, and the last year
    that the library covers.

    Raises :class:`TickloomError` with the install command where the library is missing.
    """
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
        xbom = get_calendar("XBOM", start=date(FIRST_YEAR, 1, 1).isoformat())
        sessions = {stamp.date() for stamp in xbom.sessions}
    # The library ends at the last year with known holidays, or a year from today: the published
    # list ends with the last holiday that it knows.
    weekdays = _weekdays(date(FIRST_YEAR, 1, 1), max(sessions))
    holidays = [day for day in weekdays if day not in sessions]
    return holidays, holidays[-1].year


def _weekdays(first: date, last: date) -> list[date]:
    count = (last - first).days + 1
    days = (first + timedelta(days=n) for n in range(count))
    return [day for day in days if day.weekday() <= 4]
