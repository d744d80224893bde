"""The sessions of an exchange between two days, by its calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tickloom.specs.calendar import Calendar, CalendarGapError
from tickloom.specs.session import Session, require_hours, session_on


@dataclass(frozen=True, slots=True)
class UnknownHours:
    """A day whose hours a calendar does not know."""

    date: date
    """The day."""

    reason: str
    """What is known instead."""


def list_sessions(
    calendar: Calendar, first: date, last: date
) -> tuple[list[Session], list[UnknownHours]]:
    """The sessions from ``first`` to ``last``, both included, and the days whose hours the calendar
    does not know; ascending.

    Raises :class:`CalendarGapError` where it knows no hours at all.
    """
    require_hours(calendar)
    sessions, unknown = [], []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        try:
            session = session_on(calendar, day)
        except CalendarGapError as error:
            unknown.append(UnknownHours(day, str(error)))
            continue
        if session is not None:
            sessions.append(session)
    return sessions, unknown


def alike(sessions: list[Session]) -> list[list[Session]]:
    """``sessions`` in groups of the same hours by the same source, by their first day."""
    groups: dict[tuple[object, ...], list[Session]] = {}
    for one in sessions:
        hours = (one.open, one.close, one.breaks, one.settlement, one.settlement_window)
        groups.setdefault((*hours, one.name, one.evidence, one.source), []).append(one)
    return list(groups.values())
