"""Calendars as workers load them: once a process for one state of the file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tickloom.host import get_host
from tickloom.specs import Calendar


def load_calendar(name: str, file: Path | None) -> Calendar:
    """The calendar called ``name``, loaded once per process for one state of ``file``."""
    found = file.stat() if file is not None and file.exists() else None
    return _load_calendar(name, file, (found.st_size, found.st_mtime_ns) if found else None)


@cache
def _load_calendar(name: str, file: Path | None, state: tuple[int, int] | None) -> Calendar:
    return get_host().calendars.known(name).load(file)
