"""Sessions: when an exchange trades on a day, and when what expires on it is settled."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, Protocol, cast

from tickloom.specs.calendar import Calendar, CalendarGapError

Evidence = Literal["circular", "library", "broker", "press", "page"]
"""What hours rest on: the exchange's or regulator's own words, a maintained library, a broker's
notice to its clients, the press, or another public page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The hours of one day. Times are wall clock of the exchange (``CalendarSpec.zone``)."""

    date: dt.date
    """The day."""

    open: dt.time
    """When continuous trading of options begins; call auctions before it are no part of it."""

    close: dt.time
    """When it ends. Ticks stamped in this second belong to the session."""

    breaks: tuple[tuple[dt.time, dt.time], ...] = ()
    """Halts within the session, ascending: when trading stopped and when it went on. Ticks stamped
    in these two seconds belong to the session, those between them do not."""

    settlement: dt.time
    """When the price at which contracts that expire on this day settle is settled upon: the moment
    at which their time to expiry is zero. It may lie before the close."""

    settlement_window: tuple[dt.time, dt.time]
    """First and last second, both included, whose values of the underlying make that price where
    nothing better is known. The last is the moment of settlement."""

    settlement_rule: str
    """How the exchange makes that price, and what is delivered; for people."""

    settlement_source: str
    """What that rests on, and where it is to be found."""

    name: str
    """What made these hours, e.g. ``regular hours`` or ``Muhurat trading``."""

    evidence: Evidence
    """What the hours rest on: ``circular`` (the exchange's or regulator's own words), or less:
    ``library``, ``broker`` (a notice to clients), ``press`` or ``page``."""

    source: str
    """Where that is to be found."""


class SessionCalendar(Calendar, Protocol):
    """A calendar that knows trading hours: what :class:`Calendar` has, and ``session``."""

    def session(self, day: dt.date) -> Session | None:
        """The hours of ``day``; None where there is no session. Raises :class:`CalendarGapError`
        where it cannot tell."""
        ...


def require_hours(calendar: Calendar) -> SessionCalendar:
    """``calendar``, if it knows trading hours: those written before there were any do not.

    Raises :class:`CalendarGapError`, with one sentence to report, where it has no ``session``.
    """
    if not callable(getattr(calendar, "session", None)):
        raise CalendarGapError(
            f"the trading hours are not known: the calendar {type(calendar).__name__} has no "
            "method 'session' that returns a tickloom.Session for a day"
        )
    return cast(SessionCalendar, calendar)


def session_on(calendar: Calendar, day: dt.date) -> Session | None:
    """The hours of ``day`` by any calendar; None where the exchange does not trade.

    Raises :class:`CalendarGapError`, with one sentence to report, where the hours are not known:
    the calendar has no method ``session``, or does not reach that day.
    """
    return require_hours(calendar).session(day)
