"""``tickloom hot``: memory-mapped files that runs read instead of partitions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from tickloom.cli.command import PATH, Group
from tickloom.cli.output import say
from tickloom.cli.selection import day


@click.group(cls=Group, help="Memory-mapped files, derived from a store, that runs read faster.")
def command() -> None:
    pass


@command.command(help="Build the hot tier of STORE, or bring it up to date.")
@click.argument("store", type=PATH)
@click.option(
    "--columns",
    metavar="NAME,NAME",
    help="Columns to hold.  [default: price,bp0,sp0,volume]",
)
@click.option("--underlying", "underlyings", multiple=True, help="Only this one; repeatable.")
@click.option("--from", "start", type=day, metavar="DAY", help="First trading day.")
@click.option("--to", "end", type=day, metavar="DAY", help="Last trading day.")
@click.option("--workers", type=click.IntRange(min=1), help="Threads.  [default: the cores]")
@click.option("--dry-run", is_flag=True, help="Tell the size and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def build(
    store: Path,
    columns: str | None,
    underlyings: tuple[str, ...],
    start: date | None,
    end: date | None,
    workers: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    from tickloom.cli.output import human_bytes, phase_bars, print_json, progress
    from tickloom.engine.columns import hot_build
    from tickloom.engine.request.resolve import filters_of, spread_of, store_of

    opened = store_of(store)
    chosen = filters_of(underlyings, start, end, (), None, None).partitions(opened.partitions())
    names = [name.strip() for name in columns.split(",")] if columns else hot_build.COLUMNS
    threads = spread_of("tickloom:threads", workers).workers
    with progress() as bars:
        bar = phase_bars(bars)
        survey = hot_build.examine(
            opened, chosen, names, workers=threads, progress=bar("examining")
        )
        if not as_json:
            say(
                f"{len(survey.missing)} of {len(chosen)} partitions to build, "
                f"{human_bytes(survey.size)}"
            )
        if not dry_run:
            hot_build.build(opened, survey, workers=threads, progress=bar("writing"))
    if as_json:
        print_json(
            {
                "partitions": len(chosen),
                "built": 0 if dry_run else len(survey.missing),
                "current": survey.current,
                "bytes": survey.size,
                "types": dict(survey.types),
            }
        )
