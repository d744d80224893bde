"""Expiry dates by hand-listed facts and plain arithmetic, sharing nothing with the calendars.

Only holidays that fall on a scheduled expiry matter here; they were read off the exchange's yearly
holiday lists.
"""

from __future__ import annotations

import datetime as dt

CLOSED = {
    # NIFTY and BANKNIFTY, Thursdays until 2025-08
    "2019-03-21", "2019-08-15", "2020-04-02", "2021-03-11", "2021-05-13", "2021-08-19",
    "2021-11-04", "2022-04-14", "2023-01-26", "2023-03-30", "2023-06-29", "2024-04-11",
    "2024-08-15", "2025-04-10", "2025-05-01",
    # BANKNIFTY Wednesdays
    "2024-04-17", "2024-05-01", "2024-07-17", "2024-10-02", "2024-12-25",
    # NIFTY Tuesdays from 2025-09
    "2025-10-21", "2026-03-03", "2026-03-31", "2026-04-14", "2026-10-20", "2026-11-10",
    "2026-11-24",
}  # fmt: skip


def last_weekday(year: int, month: int, weekday: int) -> dt.date:
    """The last such weekday of a month (Monday is 0), walking back from the month's end."""
    day = dt.date(year + 1, 1, 1) if month == 12 else dt.date(year, month + 1, 1)
    while True:
        day -= dt.timedelta(days=1)
        if day.weekday() == weekday:
            return day


def moved(day: dt.date) -> dt.date:
    """The day itself, or the last open one before it."""
    while day.weekday() >= 5 or day.isoformat() in CLOSED:
        day -= dt.timedelta(days=1)
    return day


def monthly_weekday(underlying: str, year: int, month: int) -> int:
    """On which weekday the month's contract of NIFTY or BANKNIFTY was scheduled."""
    if (year, month) >= (2025, 9):
        return 1
    if underlying == "BANKNIFTY" and (2024, 3) <= (year, month) <= (2024, 12):
        return 2
    return 3


def monthlies(underlying: str, first_year: int, last_year: int) -> list[dt.date]:
    """Final days of all monthly expiries."""
    return [
        moved(last_weekday(year, month, monthly_weekday(underlying, year, month)))
        for year in range(first_year, last_year + 1)
        for month in range(1, 13)
    ]


def weeklies(underlying: str, first: dt.date, last: dt.date) -> list[dt.date]:
    """Final days of the weekly expiries scheduled in a range, day by day."""
    found = []
    day = first
    while day <= last:
        if day.weekday() == _weekly_weekday(underlying, day) and not _has_monthly(underlying, day):
            found.append(moved(day))
        day += dt.timedelta(days=1)
    return found


def _weekly_weekday(underlying: str, day: dt.date) -> int:
    if underlying == "BANKNIFTY":
        return 2 if day >= dt.date(2023, 9, 4) else 3
    return 1 if day >= dt.date(2025, 9, 1) else 3


def _has_monthly(underlying: str, day: dt.date) -> bool:
    """Is a monthly expiry scheduled from Monday to Friday of the same week?"""
    monday = day - dt.timedelta(days=day.weekday())
    for n in range(5):
        other = monday + dt.timedelta(days=n)
        weekday = monthly_weekday(underlying, other.year, other.month)
        if other == last_weekday(other.year, other.month, weekday):
            return True
    return False
