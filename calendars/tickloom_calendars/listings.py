"""How long before its expiry each kind of contract is listed: ``tables/listings.csv``."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

from tickloom import ExpiryRow, Kind
from tickloom_calendars.tables import table_text

SLACK: Final = timedelta(days=7)
"""By so much a holiday or a new rule moves either end of a listing."""


@dataclass(frozen=True, slots=True)
class Listing:
    """How long the contracts of one underlying and kind are listed at most."""

    underlying: str
    """Upper-case symbol, or ``*`` for stocks."""

    kind: Kind
    """``weekly`` or ``monthly``."""

    months: frozenset[int]
    """The contract months that it is for; empty for all that no other row names."""

    days: int
    """The longest listing, days, before holidays move anything."""

    first: date
    """The first expiry to which it applies."""

    last: date
    """The last expiry to which it applies."""

    source: str
    """What says so, and when."""


@cache
def all_listings() -> tuple[Listing, ...]:
    """Every row of the table, in its order."""
    return tuple(map(_listing, csv.DictReader(table_text("listings.csv").splitlines())))


def listed_from(underlying: str, row: ExpiryRow) -> date | None:
    """The first day on which a contract that expires by ``row`` can have been listed.

    ``underlying`` is that of the rules: ``*`` for a stock. None where the table does not say.
    """
    days = _longest(underlying, row.kind, int(row.month[5:]), row.final)
    return None if days is None else row.final - timedelta(days=days) - SLACK


@cache
def longest_listing(underlying: str, kind: Kind) -> timedelta:
    """The longest that any contract of a kind is listed; nothing where the table does not say."""
    days = [one.days for one in all_listings() if (one.underlying, one.kind) == (underlying, kind)]
    return timedelta(days=max(days, default=0))


@cache
def _longest(underlying: str, kind: Kind, month: int, expiry: date) -> int | None:
    fitting = (
        one.days
        for one in all_listings()
        if (one.underlying, one.kind) == (underlying, kind)
        and one.first <= expiry <= one.last
        and (not one.months or month in one.months)
    )
    return next(fitting, None)  # rows that name months come first


def _listing(line: dict[str, str]) -> Listing:
    kind = line["kind"]
    assert kind in ("weekly", "monthly")
    return Listing(
        underlying=line["underlying"],
        kind="weekly" if kind == "weekly" else "monthly",
        months=frozenset(map(int, line["months"].split())),
        days=int(line["days"]),
        first=date.fromisoformat(line["first"]),
        last=date.fromisoformat(line["last"]) if line["last"] else date.max,
        source=line["source"],
    )
