"""Every date by which a contract of one underlying can be found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from tickloom import ExpiryRow
from tickloom_calendars.expiry_generator import monthly_rows, weekly_rows
from tickloom_calendars.expiry_rules import ANY_UNDERLYING, ExpiryRule
from tickloom_calendars.trading_days import TradingDays

LISTED_MONTHS: Final = {"NIFTY": 60, ANY_UNDERLYING: 3}
"""How many months ahead monthly contracts are listed; 12 where nothing is said."""

LISTED_WEEKS: Final = timedelta(weeks=8)
"""How far ahead weekly contracts are listed."""


class ExpiryBook:
    """The expiries of one underlying, by contract month and by every date that a name can carry:
    the day of expiry, the scheduled one, or one that held before the exchange changed its rule."""

    def __init__(
        self,
        rules: Sequence[ExpiryRule],
        days: TradingDays,
        last_year: int,
        own: Iterable[ExpiryRow],
    ) -> None:
        own = tuple(own)
        monthly = monthly_rows(rules, days, last_year)
        rows = [*monthly, *weekly_rows(rules, days, last_year, monthly)]
        keys = {_key(row) for row in own}
        replaced = [row for row in rows if _key(row) in keys]
        self.rows = sorted(
            [*own, *(row for row in rows if _key(row) not in keys)],
            # A weekly row on a monthly's date is that monthly contract.
            key=lambda row: (row.kind == "weekly", row.final),
        )
        """Monthly rows, then weekly ones; those of the user's file in place of the rules'."""
        self.monthly: dict[str, ExpiryRow] = {}
        """By ``YYYY-MM``."""
        self.dated: dict[date, ExpiryRow] = {}
        """By any date that a name can carry."""
        for row in self.rows:
            if row.kind == "monthly":
                self.monthly.setdefault(row.month, row)
        for row in self.rows:
            self.dated.setdefault(row.final, row)
        for row in self.rows:
            self.dated.setdefault(row.scheduled, row)
        self._add_replaced(replaced)
        self._add_former(rules, days)

    def _add_replaced(self, replaced: Iterable[ExpiryRow]) -> None:
        now = {_key(row): row for row in reversed(self.rows)}
        for row in replaced:
            for day in (row.final, row.scheduled):
                self.dated.setdefault(day, now[_key(row)])

    def _add_former(self, rules: Iterable[ExpiryRule], days: TradingDays) -> None:
        """Names listed before a change of rule carry the date of the former rule."""
        weekly = {row.scheduled.isocalendar()[:2]: row for row in self.rows if row.kind == "weekly"}
        for rule in rules:
            if rule.last == date.max:
                continue
            if rule.kind == "weekly":
                after = rule.last + timedelta(days=1)
                for day in rule.days_between(after, rule.last + LISTED_WEEKS):
                    self._add_former_day(day, days, weekly.get(day.isocalendar()[:2]))
                continue
            for ahead in range(LISTED_MONTHS.get(rule.underlying, 12) + 1):
                year, month = divmod(rule.last.year * 12 + rule.last.month - 1 + ahead, 12)
                row = self.monthly.get(f"{year}-{month + 1:02d}")
                self._add_former_day(rule.day_in_month(year, month + 1), days, row)

    def _add_former_day(self, day: date, days: TradingDays, row: ExpiryRow | None) -> None:
        if row is not None:
            self.dated.setdefault(day, row)
            self.dated.setdefault(days.final(day), row)


def _key(row: ExpiryRow) -> tuple[str, str]:
    """What makes two rows the same contract, whatever their dates."""
    if row.kind == "monthly":
        return ("monthly", row.month)
    year, week, _ = row.scheduled.isocalendar()
    return ("weekly", f"{year}-{week}")
