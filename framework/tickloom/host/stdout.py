"""Keeps stdout free for a command's own output while plugins run, thread by thread.

The process's stdout belongs to everybody in it: a script's other threads print while a plugin
loads in one of them. So ``sys.stdout`` is replaced by a stream that asks which thread writes, once
for all diversions at a time, and put back when the last of them ends, in whatever order they do.
File descriptor 1 is not touched here; :mod:`tickloom.cli.streams` does that where nothing else
runs yet.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final


class Diversion:
    """What one block printed."""

    def __init__(self) -> None:
        self.used = False
        """Has anything been printed in the block?"""


class ThreadedStdout:
    """Stands in for ``sys.stdout``: the threads that divert write to stderr, the others to the
    stream that was there before.

    A plugin may keep a reference (a logging handler does), so it works for ever: what a thread
    that once diverted writes to it later goes to stderr too, unless it is ``sys.stdout`` again.
    """

    def __init__(self, before: Any) -> None:
        self.before: Final = before
        """The stream that was there before; None in a process without one."""
        self.blocks = 0
        """How many blocks divert at present."""
        self._open: defaultdict[int, list[Diversion]] = defaultdict(list)

    def write(self, text: str) -> int:
        """Write to stderr or to the stream that was there before."""
        diversions = self._diversions()
        if diversions:
            diversions[-1].used = True
        stream = self._stream()
        return len(text) if stream is None else int(stream.write(text))

    def writelines(self, lines: Any) -> None:
        """Write each of them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream(), name)

    def enter(self, diversion: Diversion) -> None:
        """This thread diverts from now on."""
        self.blocks += 1
        self._open[threading.get_ident()].append(diversion)

    def leave(self, diversion: Diversion) -> None:
        """That block of this thread is over."""
        self.blocks -= 1
        self._open[threading.get_ident()].remove(diversion)

    def _diversions(self) -> list[Diversion]:
        return self._open.get(threading.get_ident(), [])

    def _stream(self) -> Any:
        kept = threading.get_ident() in self._open and sys.stdout is not self
        return sys.stderr if kept or self._diversions() else self.before


_lock: Final = threading.Lock()


@contextlib.contextmanager
def diverted_stdout() -> Iterator[Diversion]:
    """Send what Python code of this thread prints in the block to stderr."""
    diversion = Diversion()
    stream = _begin(diversion)
    try:
        yield diversion
    finally:
        _end(stream, diversion)


def _begin(diversion: Diversion) -> ThreadedStdout:
    with _lock:
        stream = sys.stdout
        if not isinstance(stream, ThreadedStdout) or not stream.blocks:
            # One that is over was put back by somebody who had seen it in its time.
            before = stream.before if isinstance(stream, ThreadedStdout) else stream
            stream = ThreadedStdout(before)
            sys.stdout = stream
        stream.enter(diversion)
        return stream


def _end(stream: ThreadedStdout, diversion: Diversion) -> None:
    with _lock:
        stream.leave(diversion)
        # Somebody else's stream that came meanwhile is somebody else's business.
        if not stream.blocks and sys.stdout is stream:
            sys.stdout = stream.before
