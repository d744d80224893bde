"""Every date by which a contract of one underlying can be found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from tickloom import ExpiryRow
from tickloom_calendars.expiry_generator import monthly_rows, weekly_rows
from tickloom_calendars.expiry_rules import ExpiryRule
from tickloom_calendars.listings import longest_listing
from tickloom_calendars.trading_days import TradingDays


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
        self.replaced = match_rows(own, rows)
        """The user's row to the rule's row that it stands for."""
        self.unruled = frozenset(own) - self.replaced.keys()
        """The user's rows that no rule knows."""
        gone = set(self.replaced.values())
        self.rows = sorted(
            [*own, *(row for row in rows if row not in gone)],
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
        for row, rule_row in self.replaced.items():
            self.dated.setdefault(rule_row.final, row)
            self.dated.setdefault(rule_row.scheduled, row)
        self._add_former(rules, days)

    def _add_former(self, rules: Iterable[ExpiryRule], days: TradingDays) -> None:
        """Names listed before a change of rule carry the date of the former rule."""
        weekly = {row.scheduled.isocalendar()[:2]: row for row in self.rows if row.kind == "weekly"}
        for rule in rules:
            if rule.last == date.max:
                continue
            listed = longest_listing(rule.underlying, rule.kind)
            if rule.kind == "weekly":
                after = rule.last + timedelta(days=1)
                for day in rule.days_between(after, rule.last + listed):
                    self._add_former_day(day, days, weekly.get(day.isocalendar()[:2]))
                continue
            for ahead in range(listed.days // 30 + 1):
                year, month = divmod(rule.last.year * 12 + rule.last.month - 1 + ahead, 12)
                row = self.monthly.get(f"{year}-{month + 1:02d}")
                self._add_former_day(rule.day_in_month(year, month + 1), days, row)

    def _add_former_day(self, day: date, days: TradingDays, row: ExpiryRow | None) -> None:
        if row is not None:
            self.dated.setdefault(day, row)
            self.dated.setdefault(days.final(day), row)


def match_rows(own: Iterable[ExpiryRow], rows: Iterable[ExpiryRow]) -> dict[ExpiryRow, ExpiryRow]:
    """Each row of a file to the rules' row for the same contract, where there is one: a monthly's
    by its month, a weekly's by its scheduled day, or else by its week."""
    rows = tuple(rows)
    keyed = {(row.kind, _name(row)): row for row in rows}
    matched = {row: keyed[row.kind, _name(row)] for row in own if (row.kind, _name(row)) in keyed}
    taken = set(matched.values())
    weeks = {_week(row): row for row in rows if row.kind == "weekly" and row not in taken}
    for row in own:
        if row.kind == "weekly" and row not in matched and _week(row) in weeks:
            matched[row] = weeks[_week(row)]
    return matched


def _name(row: ExpiryRow) -> str:
    return row.month if row.kind == "monthly" else row.scheduled.isoformat()


def _week(row: ExpiryRow) -> tuple[int, int]:
    return row.scheduled.isocalendar()[:2]
