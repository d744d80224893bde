"""What ``run`` and ``sweep`` take alike: what to run and read, how to fill, what to spread over.

Their names are those of the arguments of :func:`tickloom.run`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tickloom.cli.command import FOLDER, PATH, timeout_option
from tickloom.errors import UsageError

if TYPE_CHECKING:
    from tickloom.engine.running.results import RunResult
    from tickloom.engine.sweeping.results import SweepResult

F = TypeVar("F", bound=Callable[..., Any])


def day(text: str) -> date:
    """A day in ISO form."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"a day is written YYYY-MM-DD, like 2025-08-01; found {text!r}"
        ) from None


def strike_range(text: str) -> tuple[float, float]:
    """``A:B``, lowest and highest strike, or ``A`` alone."""
    from tickloom.engine.request import resolve

    try:
        return resolve.strike_range(text)
    except UsageError as error:
        raise click.BadParameter(str(error)) from None


def assignment(text: str) -> tuple[str, str]:
    """``name=value``."""
    name, found, value = text.partition("=")
    if not (found and name.strip() and value.strip()):
        raise click.BadParameter(f"expected name=value, like fast=5; found {text!r}")
    return name.strip(), value.strip()


def by_name(
    context: click.Context, option: click.Parameter, given: tuple[tuple[str, str], ...]
) -> dict[str, str]:
    """What was assigned, by name; nothing is picked where a name was given twice."""
    names = [name for name, _ in given]
    for name in names:
        if names.count(name) > 1:
            raise click.BadParameter(f"{name!r} is given {names.count(name)} times; give it once")
    return dict(given)


_SELECTION: Final = (
    click.option(
        "--underlying", "underlyings", multiple=True, help="Only this underlying; repeatable."
    ),
    click.option("--from", "start", type=day, metavar="DAY", help="First trading day."),
    click.option("--to", "end", type=day, metavar="DAY", help="Last trading day."),
    click.option(
        "--expiry", type=day, metavar="DAY", multiple=True, help="Only this expiry; repeatable."
    ),
    click.option(
        "--strikes", type=strike_range, metavar="A:B", help="Strikes from A to B, both included."
    ),
    click.option("--right", type=click.Choice(["CE", "PE"]), help="Calls or puts only."),
)

_FILLS: Final = (
    click.option(
        "--fill",
        type=click.Choice(["last", "touch", "depth"]),
        default="last",
        show_default=True,
        help="At the last price; at the touch (buy at ask, sell at bid); through five levels.",
    ),
    click.option(
        "--latency",
        default="0",
        show_default=True,
        metavar="N|Nms",
        help="Ticks, or milliseconds, between a decision and its order's arrival.",
    ),
    click.option(
        "--stale-ms",
        type=float,
        default=0,
        metavar="MS",
        help="Touch and depth: a quote unchanged for longer fills nothing; 0: never stale.",
    ),
    click.option(
        "--costs",
        default="none",
        show_default=True,
        metavar="none|nse|...",
        help="NSE's charges and lot sizes by date ('nse,brokerage=0'), or 'fee=1.5,lot=75'.",
    ),
)

_SPREADING: Final = (
    click.option(
        "--executor",
        default="tickloom:threads",
        show_default=True,
        help="What to spread the work over.",
    ),
    click.option(
        "--workers", type=click.IntRange(min=1), help="How many workers.  [default: the cores]"
    ),
    timeout_option,
    click.option(
        "--hot/--no-hot",
        default=None,
        help="Read the hot tier, building what is missing; or never.  [default: where it exists]",
    ),
)


def param_option(text: str) -> Callable[[F], F]:
    """Adds ``--param``; ``text`` is its help."""
    return click.option(
        "--param",
        "params",
        type=assignment,
        metavar="NAME=VALUE",
        multiple=True,
        callback=by_name,
        help=text,
    )


def run_options(*, param: str, out: str) -> Callable[[F], F]:
    """Adds KERNEL, STORE and all options that ``run`` and ``sweep`` share; ``param`` and ``out``
    are the help of those two."""
    options = (
        click.argument("kernel"),
        click.argument("store", type=PATH),
        param_option(param),
        *_SELECTION,
        *_FILLS,
        *_SPREADING,
        click.option("--out", type=FOLDER, help=out),
    )

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def fills_of(result: RunResult | SweepResult) -> str:
    """How orders were filled, in a few words."""
    words = [result.fill]
    if result.latency != "0":
        words.append(f"latency {result.latency}" + ("" if "ms" in result.latency else " ticks"))
    if result.stale_ms:
        words.append(f"quotes stale after {result.stale_ms:g} ms")
    return ", ".join(words)


def limit_decoding(workers: int | None) -> None:
    """Let Polars decode on as many threads as there are workers, but no more than the cores: it
    starts them all, and 99,999 took 21 s. It reads this when it is imported, so call it before."""
    if workers is not None:
        threads = min(workers, os.cpu_count() or 1)
        os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
