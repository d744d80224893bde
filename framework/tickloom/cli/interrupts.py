"""Ctrl-C while a command runs: the first one ends it in good order, a second one ends it.

Python runs signal handlers in the main thread between two of its own instructions. Compiled code
that loops for ever never gets there, and threads that run it are waited for; so a thread of its own
listens to the signals, and ends the process where asking twice has not helped.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

INTERRUPTED: Final = 130
"""Exit code after SIGINT: 128 and the signal's number."""

GRACE_SECONDS: Final = 1.0
"""How long after the second Ctrl-C a command may still end in good order."""

SAME_PRESS_SECONDS: Final = 0.2
"""SIGINTs so close together are one Ctrl-C: who starts a command may pass on what the terminal sent
to all of them, and a worker process that is forked and does not yet run writes to our socket."""


class Listener:
    """Counts the times that somebody pressed Ctrl-C while it listens."""

    def __init__(self) -> None:
        self.count = 0
        """How often it was pressed."""
        self._last = -SAME_PRESS_SECONDS
        self._own = 0  # SIGINTs raised again that the thread has not read yet
        self._own_lock = threading.Lock()

    def start(self) -> None:
        """Listen, in a thread of its own. Only the main thread may ask for it."""
        self._reading, self._writing = socket.socketpair()
        self._writing.setblocking(False)
        signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._listen, name="ctrl-c", daemon=True).start()

    def stop(self) -> None:
        """Listen no longer, after a start."""
        signal.set_wakeup_fd(-1)
        self._writing.close()

    def raise_again(self) -> None:
        """Interrupt the main thread by a SIGINT that nobody sent, a moment from now.

        It is sent to that thread itself: one that waits in a system call wakes only then.
        """
        main = threading.main_thread().ident
        assert main is not None

        def interrupt() -> None:
            with self._own_lock:
                self._own += 1
            if sys.platform == "win32":
                signal.raise_signal(signal.SIGINT)
            else:
                signal.pthread_kill(main, signal.SIGINT)

        timer = threading.Timer(0.01, interrupt)
        timer.daemon = True
        timer.start()

    def _listen(self) -> None:
        while numbers := self._reading.recv(64):
            if self._pressed(numbers.count(signal.SIGINT)):
                now = time.monotonic()
                self.count += now - self._last > SAME_PRESS_SECONDS
                self._last = now
            if self.count > 1:
                time.sleep(GRACE_SECONDS)
                end_at_once(INTERRUPTED, "ended by a second Ctrl-C, without waiting for its work")
        self._reading.close()

    def _pressed(self, arrived: int) -> bool:
        """Whether one of the SIGINTs was sent: those raised again are counted, for the thread may
        read them any time later."""
        with self._own_lock:
            own = min(arrived, self._own)
            self._own -= own
        return arrived > own


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    """In the block a second Ctrl-C ends the process, whatever it does."""
    listener = Listener()
    here = threading.current_thread() is threading.main_thread()
    listens = here and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    if listens:
        listener.start()
    before, sys.unraisablehook = sys.unraisablehook, _raised_again(listener)
    try:
        yield listener
    finally:
        sys.unraisablehook = before
        if listens:
            listener.stop()


def end_at_once(status: int, why: str = "") -> None:
    """End the process without waiting for its threads; its worker processes end with it."""
    if why:
        os.write(2, f"tickloom: {why}\n".encode())
    os._exit(status)


def _raised_again(listener: Listener) -> Callable[[Any], None]:
    """A Ctrl-C that arrives in a destructor or an import lock's callback is printed and forgotten
    by Python: it is raised again a moment later, and counts as the one that it is."""

    def unraisable(unraisable: Any) -> None:
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            listener.raise_again()
        else:
            sys.__unraisablehook__(unraisable)

    return unraisable
