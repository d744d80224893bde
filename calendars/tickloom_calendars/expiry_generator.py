"""From rules and trading days to dated expiries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from tickloom import ExpiryRow
from tickloom_calendars.expiry_rules import ANY_UNDERLYING, ExpiryRule
from tickloom_calendars.trading_days import FIRST_YEAR, TradingDays

YEARS_AHEAD: Final = 5
"""How far beyond the published holidays expiries are dated: NIFTY options trade up to five years
ahead."""

STOCK_YEARS_AHEAD: Final = 1
"""The same for stocks, which are listed three months ahead: with five years, RELIANCE24APR2920CE
could be of 24-APR-29."""


def monthly_rows(rules: Iterable[ExpiryRule], days: TradingDays, last_year: int) -> list[ExpiryRow]:
    """The monthly expiries of one underlying, ascending, from :data:`FIRST_YEAR` on."""
    rows = []
    for year in range(FIRST_YEAR, last_year + 1):
        for month in range(1, 13):
            for rule in rules:
                if rule.kind == "monthly" and rule.covers(day := rule.day_in_month(year, month)):
                    rows.append(_row(rule, day, days, f"{year}-{month:02d}"))
    return rows


def weekly_rows(
    rules: Iterable[ExpiryRule],
    days: TradingDays,
    last_year: int,
    monthly: Iterable[ExpiryRow],
) -> list[ExpiryRow]:
    """The weekly expiries of one underlying, ascending. The week of a monthly expiry has none."""
    taken = {row.scheduled.isocalendar()[:2] for row in monthly}
    rows = []
    for rule in rules:
        if rule.kind == "weekly":
            last = min(rule.last, date(last_year, 12, 31))
            for day in rule.days_between(rule.first, last):
                if day.isocalendar()[:2] not in taken:
                    rows.append(_row(rule, day, days, ""))
    return sorted(rows, key=lambda row: row.scheduled)


def index_rows(rules: Sequence[ExpiryRule], days: TradingDays, last_year: int) -> list[ExpiryRow]:
    """All expiries of all underlyings that have rules of their own, by final day."""
    rows: list[ExpiryRow] = []
    for underlying in sorted({rule.underlying for rule in rules} - {ANY_UNDERLYING}):
        own = [rule for rule in rules if rule.underlying == underlying]
        monthly = monthly_rows(own, days, last_year)
        rows += monthly + weekly_rows(own, days, last_year, monthly)
    return sorted(rows, key=lambda row: (row.final, row.instrument, row.kind))


def _row(rule: ExpiryRule, scheduled: date, days: TradingDays, month: str) -> ExpiryRow:
    final = days.final(scheduled)
    return ExpiryRow(
        instrument=rule.underlying,
        kind=rule.kind,
        month=month or f"{final:%Y-%m}",
        scheduled=scheduled,
        final=final,
        rule=rule.label,
        provisional=scheduled.year > days.last_year,
    )
