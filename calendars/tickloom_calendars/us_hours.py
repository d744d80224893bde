"""When US options on stocks trade: the days and early closes of NYSE."""

from __future__ import annotations

import csv
from datetime import date, time
from typing import Final

from tickloom import CalendarGapError, Session
from tickloom_calendars.tables import table_text
from tickloom_calendars.trading_days import FIRST_YEAR_OF_DAYS
from tickloom_calendars.trading_hours import TradingHours

_SATURDAY: Final = 5


class UsHours:
    """The sessions of US options, by the committed tables."""

    def __init__(self) -> None:
        self._hours = TradingHours("US")
        lines = csv.DictReader(table_text("us_days.csv").splitlines())
        self._days = {date.fromisoformat(line["date"]): line for line in lines}
        self._last_year = max(day.year for day in self._days)

    def session(self, day: date) -> Session | None:
        """The hours of ``day``; None at weekends and on holidays.

        Raises :class:`CalendarGapError` where the year's holidays are not known.
        """
        if not FIRST_YEAR_OF_DAYS <= day.year <= self._last_year:
            raise CalendarGapError(
                f"the hours of US options on {day} are not known: the holidays are, from "
                f"{FIRST_YEAR_OF_DAYS} to {self._last_year}"
            )
        if day.weekday() >= _SATURDAY:
            return None
        line = self._days.get(day)
        if line is None:
            return self._hours.session(day)
        if not line["close"]:
            return None
        return self._hours.early_close(day, time.fromisoformat(line["close"]), line["source"])
