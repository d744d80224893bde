"""Commands as all of tickloom's are: what cannot be meant is refused, not guessed at."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from tickloom.errors import UsageError
from tickloom.paths import local_path


class Command(click.Command):
    """A command that refuses an option of one value which is given twice: click takes the last."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does it."""
        _, _, given = self.make_parser(ctx).parse_args(list(args))
        for option in given:
            times = given.count(option)
            if times > 1 and isinstance(option, click.Option) and _is_single(option):
                raise click.UsageError(
                    f"{'/'.join(option.opts)} takes one value; it is given {times} times", ctx
                )
        return super().parse_args(ctx, args)


class Group(click.Group):
    """A group of such commands."""

    command_class: type[click.Command] | None = Command


class LocalPath(click.Path):
    """A path of this machine, whatever its name; the address of an object store is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; a usage error where it cannot be one."""
        try:
            return Path(os.fsdecode(super().convert(local_path(value), param, ctx)))
        except UsageError as error:
            self.fail(str(error), param, ctx)


PATH: Final = LocalPath(path_type=Path)
"""A file or a folder, which need not exist."""

FOLDER: Final = LocalPath(path_type=Path, file_okay=False)
"""A folder, which need not exist."""

FILE: Final = LocalPath(path_type=Path, dir_okay=False)
"""A file, which need not exist."""


def wait_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--wait``."""
    return click.option(
        "--wait", type=float, default=0.0, help="Seconds to wait for another writer."
    )(function)


def timeout_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--timeout``."""
    return click.option(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="End it after so long without any result from the workers.  [default: never]",
    )(function)


def _is_single(option: click.Option) -> bool:
    """A flag that can only be set may be repeated: it says the same again."""
    return not (option.multiple or option.count or (option.is_flag and not option.secondary_opts))
