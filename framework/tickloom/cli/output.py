"""What commands print: one JSON object for programs, progress and lines for people."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from tickloom.host.stdout import diverted_stdout

if TYPE_CHECKING:
    from rich.progress import Progress

_reserved: TextIO | None = None
"""Where JSON goes while stdout is reserved for it."""


@contextlib.contextmanager
def stdout_for_json_alone() -> Iterator[None]:
    """In the block stdout gets what :func:`print_json` prints and nothing else.

    A plugin's reader that prints, in this process or in a worker, must not break a program that
    parses the output; what it prints goes to stderr.
    """
    global _reserved
    if _reserved is not None:  # the command line did it already
        yield
        return
    with _own_stdout() as stream, diverted_stdout():
        _reserved = stream
        try:
            yield
        finally:
            _reserved = None


def _own_stdout() -> contextlib.AbstractContextManager[TextIO]:
    try:
        replaceable = sys.stdout.fileno() == 1
    except (AttributeError, OSError, ValueError):  # no stdout, or one that a test put there
        replaceable = False
    if not replaceable:
        return contextlib.nullcontext(sys.stdout)
    return os.fdopen(os.dup(1), "w", encoding="utf-8")


def print_json(value: Any) -> None:
    """Print one JSON value on stdout; dates in ISO form, paths as text, NaN as null."""
    import msgspec

    def encode(item: Any) -> Any:
        if isinstance(item, Path):
            return str(item)
        if isinstance(item, date | datetime):
            return item.isoformat()
        raise NotImplementedError(f"cannot write a {type(item).__name__} as JSON")

    click.echo(msgspec.json.encode(value, enc_hook=encode).decode(), file=_reserved)


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
        click.echo("  ".join(cells).rstrip())


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


class PhaseBars:
    """A bar for each phase of a pack."""

    def __init__(self, bars: Progress) -> None:
        """``bars`` is what :func:`progress` made."""
        self._bars = bars
        self._task = bars.add_task("looking")

    def start(self, what: str, total: int) -> None:
        """A phase begins: ``total`` steps, 0 where the number is not known."""
        self._bars.remove_task(self._task)
        self._task = self._bars.add_task(what, total=total or None)

    def advance(self, steps: int) -> None:
        """So many steps of it are done."""
        self._bars.advance(self._task, steps)


def announce(text: str) -> None:
    """Tell on stderr what a command is busy with."""
    click.echo(text, err=True)


def human_bytes(size: float) -> str:
    """``1536`` as ``1.5 KiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
