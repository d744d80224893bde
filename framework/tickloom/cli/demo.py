"""``tickloom demo``: the whole walk, with the commands that a user would type."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tickloom.cli.command import FOLDER, Command
from tickloom.cli.output import say
from tickloom.errors import TickloomError, UsageError

DEMO_ROWS = 1_000_000
"""Enough to show a rate, small enough for a minute on two cores."""

STRATEGY = "ema-cross"


@click.command(cls=Command)
@click.option(
    "--keep",
    type=FOLDER,
    metavar="DIR",
    help="Keep the raw files and the store in DIR, which must be new or empty.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=1_000),
    default=DEMO_ROWS,
    show_default=True,
    help="About how many raw rows to make.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the raw files.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(keep: Path | None, rows: int, seed: int, as_json: bool) -> None:
    """Make raw files, pack, verify and run a strategy; say what to type next."""
    from tickloom.cli.output import print_json

    with _folder(keep) as folder:
        raw, store = folder / "raw", folder / "store"
        commands = (
            ["synth", str(raw), "--rows", str(rows), "--seed", str(seed)],
            ["pack", str(raw), str(store)],
            ["verify", str(store)],
            ["run", f"tickloom:{STRATEGY}", str(store)],
        )
        if as_json:
            print_json({args[0]: _ask(args) for args in commands})
            return
        for args in commands:
            _type(args)
        _say_what_next(keep)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="tickloom-demo-") as folder:
            yield Path(folder)
        return
    if keep.is_dir() and any(keep.iterdir()):
        raise UsageError(f"--keep needs a new or empty folder; {keep} holds files: name another")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep


def _type(args: list[str]) -> None:
    """Show a command and run it as if it had been typed."""
    click.secho(f"$ tickloom {shlex.join(args)}", bold=True)
    _run(args)
    say()


def _ask(args: list[str]) -> Any:
    """What a command prints with ``--json``."""
    import msgspec

    from tickloom.cli.output import json_kept_back

    with json_kept_back() as printed:
        _run([*args, "--json"])
    return msgspec.json.decode(printed.getvalue())


def _run(args: list[str]) -> None:
    from tickloom.cli.main import cli

    code = cli.main(args, standalone_mode=False, prog_name="tickloom")
    if code:
        raise TickloomError(f"the demo stopped: 'tickloom {args[0]}' ended with exit code {code}")


def _say_what_next(keep: Path | None) -> None:
    store = keep / "store" if keep else Path("STORE")
    if keep is None:
        say("The folder is gone. To keep one:  tickloom demo --keep DIR")
    say("What to type next:")
    for line in (
        "tickloom pack YOUR_RAW_FILES STORE",
        f"tickloom info {shlex.quote(str(store))}",
        f"tickloom run {STRATEGY} {shlex.quote(str(store))} --param fast=8 --param slow=34",
        f"tickloom sweep {STRATEGY} {shlex.quote(str(store))} --grid fast=3:10 --grid slow=15,21",
        "tickloom kernels list",
    ):
        say(f"  {line}")
