"""The cores that a process and all of its threads may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def confined(count: int) -> Iterator[None]:
    """Run with at most ``count`` cores, on Linux; elsewhere a process cannot be confined.

    Threads that are there already, those of Polars among them, are confined too. Those that start
    meanwhile take after the one that starts them.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    _confine(set(sorted(before)[:count]))
    try:
        yield
    finally:
        _confine(before)


def _confine(cores: set[int]) -> None:
    for thread in Path("/proc/self/task").iterdir():
        try:
            os.sched_setaffinity(int(thread.name), cores)
        except ProcessLookupError:
            continue  # it has ended meanwhile
