"""How long work tells how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable

Progress = Callable[[int, int], None]
"""``progress(done, total)``: called as work goes on, with the steps (files, rows) that are done and
how many there are. Calls come one after another, from any thread."""

Phases = Callable[[str], Progress]
"""``phases(what)``: a phase of longer work begins, in words for people; what is returned is told
how far that phase is."""


def untold(done: int, total: int) -> None:
    """The :data:`Progress` of work that nobody watches."""


def untold_phases(what: str) -> Progress:
    """The :data:`Phases` of work that nobody watches."""
    return untold


def counted(progress: Progress, total: int, so_far: int = 0) -> Callable[[int], None]:
    """A function that threads tell how many more of ``total`` steps are done than ``so_far``;
    ``progress`` is told the sum."""
    lock = threading.Lock()

    def more(steps: int) -> None:
        nonlocal so_far
        with lock:
            so_far += steps
            progress(so_far, total)

    return more
