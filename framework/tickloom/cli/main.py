"""The ``tickloom`` command: finds the module of a sub-command and loads only that."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Final, TextIO

import click

from tickloom.cli.interrupts import INTERRUPTED, end_at_once, listening
from tickloom.cli.output import say, stdout_for_json_alone
from tickloom.cli.streams import ReaderGoneError, flush_output, own_streams
from tickloom.errors import (
    CacheWarning,
    Interrupted,
    PluginWarning,
    TickloomError,
    system_error,
)
from tickloom.version import __version__

COMMANDS: Final = {
    "adopt": ("tickloom.cli.adopt", "Build the manifest and index of a store that has none."),
    "bench": ("tickloom.cli.bench", "Check a kernel, then time it."),
    "calendar": ("tickloom.cli.calendar", "Build, check and query expiry calendars."),
    "demo": ("tickloom.cli.demo", "Make raw files, pack, verify and run, in a temporary folder."),
    "hot": ("tickloom.cli.hot", "Build the memory-mapped tier that runs read faster."),
    "info": ("tickloom.cli.info", "What is in a store."),
    "kernels": ("tickloom.cli.kernels", "List, build and clear strategy kernels."),
    "pack": ("tickloom.cli.pack", "Pack raw per-contract files into a store."),
    "plugins": ("tickloom.cli.plugins", "List, examine and create plugins."),
    "quarantine": ("tickloom.cli.quarantine", "List the input that a store could not take."),
    "recalendar": ("tickloom.cli.recalendar", "Re-date a store after a calendar change."),
    "resort": ("tickloom.cli.resort", "Put a store's files into order, in place."),
    "run": ("tickloom.cli.run", "Run a kernel over a store."),
    "sweep": ("tickloom.cli.sweep", "Run a kernel with many parameter sets in one pass."),
    "synth": ("tickloom.cli.synth", "Write raw files that look like the vendor's."),
    "verify": ("tickloom.cli.verify", "Prove that a store is whole, sorted and typed."),
}
"""Sub-command to the module that defines it as ``command``, and its line in ``--help``."""


class LazyGroup(click.Group):
    """A group whose sub-commands are imported when they are called, not for ``--help``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", package_name="tickloom")
@click.option(
    "--no-plugins",
    is_flag=True,
    help="Load no third-party plugin, whatever TICKLOOM_PLUGINS says.",
)
def cli(no_plugins: bool) -> None:
    """Weave per-contract option ticks into one store, and run strategy kernels over it.

    Exit codes: 0 done; 1 failed, or a check found something; 2 wrong usage; 3 done, but some input
    is quarantined; 130 or 143 on SIGINT or SIGTERM.
    """
    if no_plugins:
        # An environment variable, so that worker processes see it too.
        os.environ["TICKLOOM_DISABLE_PLUGIN_AUTOLOAD"] = "--no-plugins"
        os.environ.pop("TICKLOOM_PLUGINS", None)


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit; a user's mistake is one line, never a traceback."""
    args = sys.argv[1:] if args is None else args
    with contextlib.ExitStack() as stack:
        stack.enter_context(own_streams())  # before there is any other thread
        listener = stack.enter_context(listening())
        stack.enter_context(_warnings_for_people())
        if "--json" in args:
            stack.enter_context(stdout_for_json_alone())
        status = _run(args, lambda: listener.count > 0)
        if status and _others_run():
            end_at_once(status)  # what loops for ever is not waited for
    sys.exit(status)


def _others_run() -> bool:
    """Are there threads that Python would wait for at its end?"""
    main = threading.main_thread()
    return any(not each.daemon and each is not main for each in threading.enumerate())


@contextlib.contextmanager
def _warnings_for_people() -> Iterator[None]:
    """In the block tickloom's own warnings are a line like its errors, without the place in its
    source; those of plugins and libraries look as Python shows them."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_line(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, CacheWarning | PluginWarning):
                say(f"tickloom: {message}", err=True)
            else:
                show(message, category, filename, lineno, file, line)

        warnings.showwarning = show_line
        yield


def _run(args: list[str], interrupted: Callable[[], bool] = bool) -> int:
    """Run one command; its exit code. ``interrupted()`` tells whether Ctrl-C has been pressed."""
    try:
        try:
            status: Any = cli.main(args, standalone_mode=False)
        finally:
            flush_output()
    except click.ClickException as error:
        _tell_usage(error)
        return error.exit_code
    except click.Abort as abort:
        # click turns every KeyboardInterrupt into Abort.
        return _tell_interrupt(abort.__cause__)
    except KeyboardInterrupt as interrupt:
        return _tell_interrupt(interrupt)
    except ReaderGoneError as error:
        return error.exit_code
    except TickloomError as error:
        say(f"tickloom: {error}", err=True)
        return error.exit_code
    except OSError as error:
        say(f"tickloom: {system_error(error)}", err=True)
        return 1
    except MemoryError as error:
        say(f"tickloom: the memory does not suffice: {str(error) or 'no more was given'}", err=True)
        return 1
    except (Exception, SystemExit, GeneratorExit) as error:
        if interrupted():  # an import that Ctrl-C tears may fail in any way
            return _tell_interrupt(None)
        told = _blame(error)
        if told is None:
            raise
        say(f"tickloom: {told}", err=True)
        return 1
    return status if isinstance(status, int) else 0


def _blame(error: BaseException) -> str | None:
    from tickloom.host import get_host
    from tickloom.host.blame import blame

    return blame(error, get_host().plugins)


def _tell_interrupt(error: BaseException | None) -> int:
    if isinstance(error, Interrupted):
        say(f"tickloom: {error}", err=True)
        return error.exit_code
    say("interrupted", err=True)
    return INTERRUPTED


def _tell_usage(error: click.ClickException) -> None:
    """As click shows it, with what was typed made printable."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        say(error.ctx.get_usage(), err=True)
        say(f"Try '{error.ctx.command_path} --help' for help.\n", err=True)
    say(f"Error: {error.format_message()}", err=True)
