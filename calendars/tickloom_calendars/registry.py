"""Calendars of exchanges."""

from __future__ import annotations

from typing import Final

from tickloom import CalendarSpec

CALENDARS: Final[tuple[CalendarSpec, ...]] = ()
