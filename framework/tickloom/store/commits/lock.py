"""The lock of a store: one writer at a time, known by process, host and start."""

from __future__ import annotations

import contextlib
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import filelock
import msgspec

from tickloom.errors import StoreBusyError, UsageError
from tickloom.store.layout import LOCK, LOCK_OWNER

LONGEST_WAIT: Final = 1e9
"""More seconds than anybody waits for a writer; clocks cannot add up what is much larger."""


class LockOwner(msgspec.Struct, frozen=True):
    """Who holds the lock."""

    pid: int
    """Process."""

    host: str
    """Machine."""

    started: str
    """When it took the lock, ISO 8601, UTC."""


class StoreLock:
    """An operating-system lock on ``_tickloom/lock``: a process that dies lets go of it.

    The owner's name lies beside it, for the message that another writer gets; the name of a dead
    owner means nothing.
    """

    def __init__(self, control: Path) -> None:
        self._owner_file = control / LOCK_OWNER
        self._lock = filelock.FileLock(control / LOCK, thread_local=False)

    def acquire(self, wait: float) -> None:
        """Take the lock within ``wait`` seconds, or raise :class:`StoreBusyError`."""
        if not 0 <= wait < LONGEST_WAIT:
            raise UsageError(f"wait must be a number of seconds, 0 or more, like 30; found {wait}")
        try:
            self._lock.acquire(timeout=wait)
        except filelock.Timeout as error:
            raise StoreBusyError(self._busy()) from error
        owner = LockOwner(os.getpid(), socket.gethostname(), _now())
        self._owner_file.write_bytes(msgspec.json.encode(owner))

    def release(self) -> None:
        """Let go of the lock."""
        self._owner_file.unlink(missing_ok=True)
        self._lock.release()

    def _busy(self) -> str:
        store = self._owner_file.parent.parent
        who = "another process"
        with contextlib.suppress(OSError, msgspec.DecodeError):
            owner = msgspec.json.decode(self._owner_file.read_bytes(), type=LockOwner)
            who = f"process {owner.pid} on {owner.host}, since {owner.started}"
        return (
            f"{store} is being written by {who}. Run this again when that has ended "
            "(pack, adopt and recalendar wait with --wait SECONDS); "
            "if it should not be running, stop it: nothing that it committed is lost"
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
