"""What trading symbols mean, read once a process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from tickloom.packing.reading.evidence import Evidence
from tickloom.packing.reading.names import Named, Names
from tickloom.specs import Calendar, RawBatch, ReadError

MOST_NAMES: Final = 100_000
"""Symbols that are remembered: about 50 MB."""


class KnownNames:
    """What symbols mean where nothing but the symbol has to be known for that: read once a
    process, since the files of a chain have the same ones again and again."""

    def __init__(self, names: Names) -> None:
        self.names: Final = names
        """Reads symbols without a listing."""
        self._known: dict[str, Named | None] = {}

    def of(self, symbols: Iterable[str]) -> list[Named | None]:
        """What each symbol means; None where more has to be known, or where it means nothing."""
        known = self._known  # threads share it: one may begin a new one meanwhile
        return [known[symbol] if symbol in known else self._read(symbol) for symbol in symbols]

    def _read(self, symbol: str) -> Named | None:
        import polars as pl

        if len(self._known) >= MOST_NAMES:
            self._known = {}
        found: Named | None = None
        with suppress(ReadError):
            found = self.names.contract(RawBatch(frame=pl.DataFrame(), symbol=symbol), _nothing)
        found = None if found and found.note else found
        self._known[symbol] = found
        return found


_KNOWN: Final[dict[tuple[int, str], KnownNames]] = {}


def known_names(calendar: Calendar, dialect: str) -> KnownNames:
    """Those of one calendar, the same object, and dialect."""
    key = id(calendar), dialect
    if key not in _KNOWN:
        _KNOWN[key] = KnownNames(Names(calendar, dialect, {}))  # which keeps the calendar
    return _KNOWN[key]


def _nothing() -> Mapping[str, Evidence]:
    """No evidence: a name that needs some is left to its unit."""
    return {}
