"""What the built-in calendars register."""

from __future__ import annotations

from collections.abc import Iterable

from tickloom import CalendarSpec, hookimpl

TICKLOOM_API_VERSION = 1


@hookimpl
def tickloom_register_calendars() -> Iterable[CalendarSpec]:
    """Calendars of exchanges."""
    from tickloom_calendars.registry import CALENDARS

    return CALENDARS
