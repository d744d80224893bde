"""The whole calendar as rows, from the exchange's rules and the library's holidays."""

from __future__ import annotations

from datetime import date

from tickloom import ExpiryRow, UsageError
from tickloom_calendars.expiry_generator import YEARS_AHEAD, index_rows
from tickloom_calendars.expiry_rules import rules_of
from tickloom_calendars.library_holidays import library_holidays
from tickloom_calendars.trading_days import FIRST_YEAR, corrected


def build(first_year: int | None, last_year: int | None) -> list[ExpiryRow]:
    """Every expiry of the underlyings that have rules of their own, by final day.

    Years include both ends; None stands for the first year of the rules, and for five years beyond
    the current one. Raises :class:`UsageError` where there is no such year.
    """
    holidays, published = library_holidays()
    first = first_year if first_year is not None else FIRST_YEAR
    last = last_year if last_year is not None else max(published, date.today().year) + YEARS_AHEAD
    if not FIRST_YEAR <= first <= last <= 9998:
        raise UsageError(
            f"expected years from {FIRST_YEAR} on, the first not after the last; "
            f"found {first} to {last}"
        )
    rows = index_rows(rules_of("NSE"), corrected(holidays, published), last)
    return [row for row in rows if first <= row.final.year <= last]
