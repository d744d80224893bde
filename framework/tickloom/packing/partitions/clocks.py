"""Whose clock and calendar an underlying's ticks are by: one of each for the whole store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from tickloom.errors import UsageError
from tickloom.specs import ReaderSpec

ZONE_METADATA: Final = "tickloom.zone"
"""Key of a file's metadata: the IANA zone of its wall clock."""

SETTING: Final = "clock "
"""Prefix of the manifest's settings that hold an underlying's clock."""


class Clock(NamedTuple):
    """A clock and a calendar."""

    zone: str
    """IANA zone of the wall clock."""

    calendar: str
    """Name of the calendar."""


class Clocks:
    """The clocks of a store's underlyings."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._clocks = {
            name.removeprefix(SETTING): Clock(*value.split(" "))
            for name, value in settings.items()
            if name.startswith(SETTING)
        }

    def get(self, underlying: str) -> Clock | None:
        """The clock of ``underlying``; None where no pack has stated one."""
        return self._clocks.get(underlying)

    def add(self, underlying: str, reader: ReaderSpec) -> None:
        """``reader`` has ticks of ``underlying``; raises :class:`UsageError` where the store's
        are by another clock or calendar."""
        clock = Clock(reader.zone, reader.calendar)
        known = self._clocks.setdefault(underlying, clock)
        if known != clock:
            raise UsageError(
                f"{underlying} is in this store by clock {known.zone} and calendar "
                f"{known.calendar}; reader {reader.name!r} has it by {clock.zone} and "
                f"{clock.calendar}. Pack it into another store"
            )

    def settings(self) -> dict[str, str]:
        """The settings to keep in the manifest."""
        return {f"{SETTING}{name}": " ".join(self._clocks[name]) for name in sorted(self._clocks)}
