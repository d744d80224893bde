"""Calendars of exchanges."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tickloom import Calendar, CalendarSpec


def _load_nse(file: Path | None) -> Calendar:
    from tickloom_calendars.exchange_calendar import ExchangeCalendar

    return ExchangeCalendar("NSE", file)


def _load_bse(file: Path | None) -> Calendar:
    from tickloom_calendars.exchange_calendar import ExchangeCalendar

    return ExchangeCalendar("BSE", file)


def _load_us_options(file: Path | None) -> Calendar:
    from tickloom_calendars.us_options import UsOptionsCalendar

    return UsOptionsCalendar(file)


CALENDARS: Final = (
    CalendarSpec(
        name="nse",
        summary="Index and stock options of NSE, and the index options of BSE",
        zone="Asia/Kolkata",
        load=_load_nse,
    ),
    CalendarSpec(
        name="bse",
        summary="Index and stock options of BSE, and the index options of NSE",
        zone="Asia/Kolkata",
        load=_load_bse,
    ),
    CalendarSpec(
        name="us-options",
        summary="US equity options, by their OCC symbols",
        zone="America/New_York",
        load=_load_us_options,
    ),
)
