"""SIGINT and SIGTERM end a writing command between two commits, never inside one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from tickloom.errors import Interrupted

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Turns the two signals into :class:`Interrupted`, at once or after the shielded section."""

    def __init__(self) -> None:
        self._previous: dict[int, Any] = {}
        self._shielded = 0
        self._pending: int | None = None

    def install(self) -> None:
        """Take over the signals; only the main thread gets them, so elsewhere this does nothing."""
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._previous[number] = signal.signal(number, self._on_signal)

    def restore(self) -> None:
        """Give the signals back to who had them."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """A section that a signal does not tear: it is raised at the section's end."""
        self._shielded += 1
        try:
            yield
        finally:
            self._shielded -= 1
        if self._pending is not None and not self._shielded:
            number, self._pending = self._pending, None
            raise Interrupted(number)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._shielded:
            self._pending = number
            return
        raise Interrupted(number)
