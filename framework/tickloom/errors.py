"""Every error that tickloom raises on purpose; the command line prints them as one clear line.

A message says what was expected, what was found and what to do.
"""

from __future__ import annotations

import difflib
import os
import re
import signal
from collections.abc import Iterable


class TickloomError(Exception):
    """Something failed; the message is meant for the user."""

    exit_code: int = 1
    """What the command line exits with."""


class UsageError(TickloomError):
    """The request cannot be meant: a wrong option, parameter, column or store path."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A look-up by name failed; the message lists what there is."""

    def __init__(self, what: str, name: str, known: Iterable[str], *, hint: str = "") -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        guess = f"did you mean {near[0]!r}? " if near else ""
        listed = ", ".join(names) or "none"
        tail = f" {hint}" if hint else ""
        super().__init__(f"unknown {what} {name!r}; {guess}registered: {listed}.{tail}")


class PluginError(TickloomError):
    """A plugin broke its promise: it failed to load, misbehaved, or two offer one name."""


def system_error(error: OSError) -> str:
    """What the system refused, and about which file, in one line."""
    told = re.search(r"\[[Ee]rrno (\d+)\]", str(error))  # PyArrow's have no number of their own
    reason = os.strerror(int(told[1])) if told else error.strerror or str(error)
    reason = reason or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


class CacheWarning(UserWarning):
    """Compiled kernels cannot be kept; results are the same, starting takes longer."""


class PluginWarning(UserWarning):
    """Two plugins offer what tickloom asks for; the built-in one is used."""


class StoreError(TickloomError):
    """The store is not what it should be: damaged, unsorted, of a newer format."""


class StoreBusyError(StoreError):
    """Another process holds the store's lock."""


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM arrived. Like its base class it is no ``Exception``: nothing that goes on
    after an error goes on after it."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number: int = signal_number
        """SIGINT or SIGTERM."""
        self.summary: str = ""
        """What was done until then, and what a rerun will do."""

    @property
    def exit_code(self) -> int:
        """130 for SIGINT, 143 for SIGTERM."""
        return 128 + self.signal_number

    def __str__(self) -> str:
        name = signal.Signals(self.signal_number).name
        return f"ended by {name}; {self.summary}" if self.summary else f"ended by {name}"
