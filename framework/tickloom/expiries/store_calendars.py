"""Which calendar dates which underlying of a store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tickloom.host import get_host
from tickloom.packing.partitions.clocks import SETTING, Clock, Clocks
from tickloom.specs import Calendar
from tickloom.store.commits.manifest import Manifest

DEFAULT_CALENDAR: Final = "nse"
"""Dates an underlying that no pack has stated a calendar for: in an adopted or foreign store."""


class StoreCalendars:
    """The calendars of a store's underlyings, each loaded once."""

    def __init__(self, manifest: Manifest, file: Path | None) -> None:
        """``file`` is the user's calendar file, whose rows win."""
        self._clocks = Clocks(manifest.settings)
        self._file = file
        self._loaded: dict[str, Calendar] = {}

    def clock(self, underlying: str) -> Clock:
        """The clock and the name of the calendar of ``underlying``."""
        known = self._clocks.get(underlying)
        if known is not None:
            return known
        spec = get_host().calendars.known(DEFAULT_CALENDAR)
        return Clock(spec.zone, spec.name)

    def clocks(self, underlyings: Iterable[str]) -> Clocks:
        """The clocks of some underlyings, also of those that no pack has stated one for."""
        return Clocks({f"{SETTING}{name}": " ".join(self.clock(name)) for name in underlyings})

    def of(self, underlying: str) -> Calendar:
        """The calendar of ``underlying``."""
        name = self.clock(underlying).calendar
        if name not in self._loaded:
            self._loaded[name] = get_host().calendars.known(name).load(self._file)
        return self._loaded[name]
