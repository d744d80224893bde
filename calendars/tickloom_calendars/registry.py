"""Calendars of exchanges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tickloom import Calendar, CalendarSpec, ExpiryDifference, ExpiryRow


def _load_nse(file: Path | None) -> Calendar:
    from tickloom_calendars.exchange_calendar import ExchangeCalendar

    return ExchangeCalendar("NSE", file)


def _load_bse(file: Path | None) -> Calendar:
    from tickloom_calendars.exchange_calendar import ExchangeCalendar

    return ExchangeCalendar("BSE", file)


def _build(first_year: int | None, last_year: int | None) -> Sequence[ExpiryRow]:
    from tickloom_calendars.expiry_build import build

    return build(first_year, last_year)


def _nse_differences(rows: Sequence[ExpiryRow]) -> Sequence[ExpiryDifference]:
    from tickloom_calendars.exchange_calendar import ExchangeCalendar

    return ExchangeCalendar("NSE", None).differences(rows)


def _bse_differences(rows: Sequence[ExpiryRow]) -> Sequence[ExpiryDifference]:
    from tickloom_calendars.exchange_calendar import ExchangeCalendar

    return ExchangeCalendar("BSE", None).differences(rows)


def _load_us_options(file: Path | None) -> Calendar:
    from tickloom_calendars.us_options import UsOptionsCalendar

    return UsOptionsCalendar(file)


CALENDARS: Final = (
    CalendarSpec(
        name="nse",
        summary="Index and stock options of NSE, and the index options of BSE",
        zone="Asia/Kolkata",
        load=_load_nse,
        build=_build,
        differences=_nse_differences,
    ),
    CalendarSpec(
        name="bse",
        summary="Index and stock options of BSE, and the index options of NSE",
        zone="Asia/Kolkata",
        load=_load_bse,
        build=_build,
        differences=_bse_differences,
    ),
    CalendarSpec(
        name="us-options",
        summary="US equity options, by their OCC symbols",
        zone="America/New_York",
        load=_load_us_options,
    ),
)
