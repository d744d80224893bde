"""Calendars: how an exchange names its contracts, when they expire, when it trades."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from tickloom.contracts import NEVER, Contract, Expiry, NameReading
from tickloom.errors import TickloomError
from tickloom.specs.expiry_rows import ExpiryDifference, ExpiryRow


class CalendarGapError(TickloomError):
    """A calendar does not know a contract's expiry, or a day's hours; the message says what is
    known, or how to add it."""


class Calendar(Protocol):
    """A loaded calendar. All of it is pure: the same question has the same answer.

    One that knows trading hours has a method ``session`` too: :class:`tickloom.SessionCalendar`.
    """

    version: str
    """A digest of rules, holidays and files: a new one makes a store read its sources again."""

    def read_names(self, symbols: Sequence[str], dialect: str = "") -> Sequence[NameReading]:
        """One reading for each symbol, in order; a whole listing is read at once."""
        ...

    def expiry(self, contract: Contract) -> Expiry:
        """When ``contract`` expires; raises :class:`CalendarGapError` if it cannot tell."""
        ...

    def is_trading_day(self, day: date) -> bool | None:
        """Does the exchange trade on ``day`` (special sessions included)? None: not known."""
        ...


def expiry_of(calendar: Calendar, contract: Contract) -> Expiry:
    """When ``contract`` expires: a future with the month's options, a spot never. Raises
    :class:`CalendarGapError`."""
    return NEVER if contract.instrument == "spot" else calendar.expiry(contract)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSpec:
    """An exchange's calendar."""

    name: str
    """The name that readers state."""

    summary: str
    """One line for ``plugins list``."""

    zone: str
    """IANA zone of the exchange's clock."""

    load: Callable[[Path | None], Calendar]
    """``load(file)``: the calendar; with a file (``--calendar``), that file's rows win."""

    build: Callable[[int | None, int | None], Sequence[ExpiryRow]] | None = None
    """``build(first_year, last_year)``: the expiries that the exchange's rules give, both years
    included, None for all that the calendar covers. For ``calendar build``; it may need an extra.
    """

    differences: Callable[[Sequence[ExpiryRow]], Sequence[ExpiryDifference]] | None = None
    """``differences(rows)``: where the rows of a calendar file contradict the exchange's rules.
    For ``calendar check FILE``."""
