"""Tasks of the executor kit: module-level, because worker processes import them by name."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from tickloom.errors import TickloomError

TRACE: list[str] = []
"""Marked by the parent; a worker that sees the mark was forked, or is a thread."""


class TaskError(TickloomError):
    """What a failing task raises."""


def square(value: int) -> int:
    """``value`` times itself."""
    return value * value


def fail(message: str) -> None:
    """Raise :class:`TaskError`."""
    raise TaskError(message)


def leave() -> None:
    """Raise SystemExit, as a careless plugin does."""
    raise SystemExit(7)


def unpicklable() -> Any:
    """A result that cannot cross a process border."""
    return threading.Lock()


def worker() -> tuple[int, list[str]]:
    """The process and the marks that its memory holds."""
    return os.getpid(), list(TRACE)


def die() -> None:
    """End the worker process at once, as a crash in C code does."""
    os._exit(9)


def meet(folder: Path, name: str, others: int, patience: float) -> bool:
    """Leave a file and wait until ``others`` have left theirs: only tasks at one time can."""
    (folder / name).touch()
    deadline = time.monotonic() + patience
    while len(list(folder.iterdir())) <= others:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
