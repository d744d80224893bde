"""Keeps stdout free for a command's own output while plugins run."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any


class DivertedStdout:
    """Stands in for ``sys.stdout``: passes everything to stderr and remembers that it did.

    A plugin may keep a reference (a logging handler does), so it works for ever.
    """

    def __init__(self) -> None:
        self.used = False

    def write(self, text: str) -> int:
        """Write to stderr instead."""
        self.used = True
        return sys.stderr.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


@contextlib.contextmanager
def diverted_stdout() -> Iterator[DivertedStdout]:
    """Send what is printed in the block to stderr: by Python, by C code and by child processes."""
    stream = DivertedStdout()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_diverted_descriptor())
        stack.enter_context(contextlib.redirect_stdout(stream))
        yield stream


@contextlib.contextmanager
def _diverted_descriptor() -> Iterator[None]:
    with contextlib.suppress(AttributeError, ValueError, OSError):
        sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # started without a stdout: nothing to protect
        yield
        return
    try:
        with contextlib.suppress(OSError):  # started without a stderr
            os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
