"""The exchanges' expiry rules as data: ``tables/expiry_rules.csv``."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final, Literal

from tickloom import Kind
from tickloom_calendars.tables import table_text

ANY_UNDERLYING: Final = "*"
"""Stands for every underlying without rules of its own: stock options."""

_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """On which days the contracts of one underlying and kind are scheduled to expire."""

    underlying: str
    """Upper-case symbol, or ``*`` for stocks."""

    exchange: str
    """``NSE`` or ``BSE``."""

    kind: Kind
    """``weekly`` or ``monthly``."""

    weekday: int
    """Monday is 0."""

    occurrence: Literal["every", "second", "last"]
    """Which of the month's such weekdays."""

    first: date
    """The first scheduled day to which it applies."""

    last: date
    """The last scheduled day to which it applies; ``date.max`` while it is in force."""

    source: str
    """Circular, press report or observation that says so."""

    @property
    def label(self) -> str:
        """As the documented calendar writes it: ``NIFTY monthly (last Thu)``."""
        which = "" if self.kind == "weekly" else f"{self.occurrence} "
        name = "stock" if self.underlying == ANY_UNDERLYING else self.underlying
        return f"{name} {self.kind} ({which}{_WEEKDAYS[self.weekday]})"

    def covers(self, scheduled: date) -> bool:
        """Does it apply to a contract scheduled for that day?"""
        return self.first <= scheduled <= self.last

    def day_in_month(self, year: int, month: int) -> date:
        """The day that a monthly rule names in a month, in force or not."""
        if self.occurrence == "second":
            first = date(year, month, 1)
            return first + timedelta(days=(self.weekday - first.weekday()) % 7) + _WEEK
        following = date(year + month // 12, month % 12 + 1, 1)
        return following - timedelta(days=(following.weekday() - self.weekday - 1) % 7 + 1)

    def days_between(self, first: date, last: date) -> list[date]:
        """The days that a weekly rule names in a range, both ends included, in force or not."""
        day = first + timedelta(days=(self.weekday - first.weekday()) % 7)
        days = []
        while day <= last:
            days.append(day)
            day += _WEEK
        return days


@cache
def all_rules() -> tuple[ExpiryRule, ...]:
    """Every rule of the table, in its order."""
    return tuple(
        _rule(line) for line in csv.DictReader(table_text("expiry_rules.csv").splitlines())
    )


def rules_of(exchange: str) -> tuple[ExpiryRule, ...]:
    """The rules that date the names of one exchange's traders: those of every index, and those of
    the exchange's own stocks."""
    return tuple(
        rule
        for rule in all_rules()
        if rule.underlying != ANY_UNDERLYING or rule.exchange == exchange
    )


def _rule(line: dict[str, str]) -> ExpiryRule:
    kind, occurrence = line["kind"], line["occurrence"]
    assert kind in ("weekly", "monthly")
    assert occurrence in ("every", "second", "last")
    return ExpiryRule(
        underlying=line["underlying"],
        exchange=line["exchange"],
        kind="weekly" if kind == "weekly" else "monthly",
        weekday=_WEEKDAYS.index(line["weekday"]),
        occurrence="every"
        if occurrence == "every"
        else ("second" if occurrence == "second" else "last"),
        first=date.fromisoformat(line["first"]),
        last=date.fromisoformat(line["last"]) if line["last"] else date.max,
        source=line["source"],
    )
