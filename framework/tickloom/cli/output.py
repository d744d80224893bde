"""What commands print: one JSON object for programs, progress and lines for people."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from tickloom.cli.streams import own_streams
from tickloom.paths import legible

if TYPE_CHECKING:
    from rich.progress import Progress

_reserved: TextIO | None = None
"""Where JSON goes while stdout is reserved for it."""


def say(text: object = "", *, err: bool = False) -> None:
    """Print a line on stdout or stderr, fit for a terminal: see :func:`printable`."""
    click.echo(printable(str(text)), err=err)


def printable(text: str) -> str:
    """``text`` with what a terminal would act on, or cannot show, as an escape: control characters
    (but line ends and tabs), changes of direction, and bytes of a name that are no UTF-8.

    Names and messages come from files and plugins that somebody else wrote.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else _escape(c) for c in text)


def _decodable(value: Any) -> Any:
    """``value`` with the bytes of names that Python could not decode as escapes."""
    if isinstance(value, str):
        return legible(value)
    if isinstance(value, dict):
        return {_decodable(name): _decodable(each) for name, each in value.items()}
    return [_decodable(each) for each in value] if isinstance(value, list) else value


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def _escape(character: str) -> str:
    byte = legible(character)
    return byte if byte != character else character.encode("unicode_escape").decode("ascii")


@contextlib.contextmanager
def stdout_for_json_alone() -> Iterator[None]:
    """In the block stdout gets what :func:`print_json` prints and nothing else.

    A plugin's reader that prints, in this process or in a worker, must not break a program that
    parses the output; what it prints goes to stderr. It is for the whole process, and begins
    before anything else runs in it.
    """
    global _reserved
    if _reserved is not None:  # the command line did it already
        yield
        return
    with own_streams():
        _reserved = sys.stdout
        if isinstance(_reserved, io.TextIOWrapper):
            _reserved.reconfigure(encoding="utf-8")
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
            _reserved.flush()
        finally:
            _reserved = None


def print_json(value: Any) -> None:
    """Print one JSON value on stdout; dates in ISO form, paths as text, NaN as null."""
    import msgspec

    def encode(item: Any) -> Any:
        if isinstance(item, Path):
            return str(item)
        if isinstance(item, date | datetime):
            return item.isoformat()
        raise NotImplementedError(f"cannot write a {type(item).__name__} as JSON")

    try:
        data = msgspec.json.encode(value, enc_hook=encode)
    except UnicodeEncodeError:  # a name with bytes that are no UTF-8: no JSON can hold it as it is
        plain = msgspec.to_builtins(value, enc_hook=encode, str_keys=True)
        data = msgspec.json.encode(_decodable(plain))
    text = data.decode()
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _json_escape(c) for c in text)
    click.echo(text, file=_reserved)


@contextlib.contextmanager
def json_kept_back() -> Iterator[io.StringIO]:
    """In the block :func:`print_json` prints into the stream, not on stdout."""
    global _reserved
    before, kept = _reserved, io.StringIO()
    _reserved = kept
    try:
        yield kept
    finally:
        _reserved = before


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in aligned columns, never cut to the terminal: people pipe them to grep."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        cells = (f"{cell:{width}}" for cell, width in zip(line, widths, strict=True))
        say("  ".join(cells).rstrip())


def progress() -> Progress:
    """A progress bar with rate and ETA on stderr; silent unless stderr is a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def counting_bar(bars: Progress, what: str) -> Callable[[int, int], None]:
    """A bar among ``bars``, which :func:`progress` made. What is returned takes the steps that are
    done and how many there are."""
    task = bars.add_task(what, total=None)
    return lambda done, total: bars.update(task, completed=done, total=total)


def phase_bars(bars: Progress) -> Callable[[str], Callable[[int, int], None]]:
    """A bar among ``bars``, which :func:`progress` made, for the phase that long work is in. What
    is returned takes what the next phase is called, and gives what takes its steps."""
    task = bars.add_task("looking", total=None)

    def begin(what: str) -> Callable[[int, int], None]:
        nonlocal task
        bars.remove_task(task)
        task = bars.add_task(what, total=None)
        return lambda done, total: bars.update(task, completed=done, total=total)

    return begin


def announce(text: str) -> None:
    """Tell on stderr what a command is busy with."""
    say(text, err=True)


def human_bytes(size: float) -> str:
    """``1536`` as ``1.5 KiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
