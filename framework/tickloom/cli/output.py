"""What commands print: one JSON object for programs, progress and lines for people."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.progress import Progress


def print_json(value: Any) -> None:
    """Print one JSON value on stdout; dates in ISO form, paths as text, NaN as null."""
    import msgspec

    def encode(item: Any) -> Any:
        if isinstance(item, Path):
            return str(item)
        if isinstance(item, date | datetime):
            return item.isoformat()
        raise NotImplementedError(f"cannot write a {type(item).__name__} as JSON")

    click.echo(msgspec.json.encode(value, enc_hook=encode).decode())


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


def human_bytes(size: float) -> str:
    """``1536`` as ``1.5 KiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
