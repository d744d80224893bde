"""The command line's own standard streams, taken over while nothing else runs yet.

Whatever prints in this process or its children, C code included, reaches file descriptor 1 or
``sys.stdout``; both belong to the command's output. So the descriptor becomes a copy of stderr's,
and the command writes to a copy of the old one.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import IO, Any, Final, TextIO

from tickloom.errors import TickloomError

SIGPIPE_STATUS: Final = 141
"""What a shell sees of a program that a closed pipe ended: 128 and the signal's number."""


class OutputError(TickloomError):
    """Standard output takes nothing more: the disk that it goes to is full."""


class ReaderGoneError(OutputError):
    """Who read standard output has gone, as ``head`` does: there is nothing to tell anybody."""

    exit_code = SIGPIPE_STATUS


@contextlib.contextmanager
def own_streams() -> Iterator[None]:
    """In the block file descriptor 1 is stderr's and ``sys.stdout`` writes to where it led before;
    an error of that says so, an error of stderr is passed over."""
    _fill_closed_descriptors()
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        if _is_descriptor(sys.stderr, 2):
            sys.stderr = _text(_Unheard(os.dup(2), "wb"), sys.stderr, by_line=True)
        if _is_descriptor(sys.stdout, 1):
            sys.stdout.flush()
            kept = os.dup(1)
            stack.callback(_put_back, kept)
            os.dup2(2, 1)
            by_line = sys.stdout.isatty()
            sys.stdout = _text(_Output(os.dup(kept), "wb"), sys.stdout, by_line=by_line)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def flush_output() -> None:
    """Write out what is buffered; raises :class:`OutputError` where that is not possible."""
    if sys.stdout is not None:
        sys.stdout.flush()


class _Output(io.FileIO):
    """Standard output; a write that fails is an error of its own kind, told once."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            # What is still buffered must not fail again when the stream is closed.
            _lead_nowhere(self.fileno())
            if isinstance(error, BrokenPipeError):
                raise ReaderGoneError("who read standard output has gone") from error
            raise OutputError(f"cannot write to standard output: {error.strerror}") from error


class _Unheard(io.FileIO):
    """Standard error; that nobody hears a message stops nothing."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return len(data)


def _text(raw: io.FileIO, like: TextIO, *, by_line: bool) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=like.encoding,
        errors="backslashreplace",  # a name that the terminal cannot show stops no command
        line_buffering=by_line,
    )


def _is_descriptor(stream: IO[str] | None, number: int) -> bool:
    """Is it the process's own, and not one that a test put there?"""
    try:
        return stream is not None and stream.fileno() == number
    except (AttributeError, OSError, ValueError):
        return False


def _fill_closed_descriptors() -> None:
    """A program may start without standard streams (``<&-``): the first file that it opened would
    become its output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()


def _nowhere() -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _lead_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _put_back(kept: int) -> None:
    with contextlib.suppress(OSError):
        os.dup2(kept, 1)
    os.close(kept)
