"""``tickloom pack``: raw files into a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tickloom.cli.command import PATH, Command, timeout_option, wait_option
from tickloom.cli.output import say

if TYPE_CHECKING:
    from tickloom.packing.report import PackReport


@click.command(
    cls=Command, help="Pack the raw files below each SRC into STORE, which is made if need be."
)
@click.argument("src", type=PATH, nargs=-1)
@click.argument("store", type=PATH)
@click.option("--reader", help="The reader to ask; without it, readers claim what they know.")
@click.option("--writer", help="Format of a new store's partitions. [default: parquet]")
@click.option("--mapping", type=PATH, help="A mapping file, for readers that take one.")
@click.option("--calendar", type=PATH, help="A calendar file, whose rows win over the rules.")
@click.option(
    "--dialect",
    default="",
    metavar="NAME",
    help="How the vendor writes symbols: nse, kite, angelone, gdfl, aliceblue. [default: any]",
)
@click.option("--memory", help="Bound for all processes together, e.g. 2G. [default: a quarter]")
@click.option("--workers", type=int, help="Number of workers. [default: one a core]")
@click.option(
    "--executor", default="tickloom:processes", show_default=True, help="What workers are."
)
@click.option("--replace", is_flag=True, help="Rebuild the partitions of changed sources afresh.")
@click.option("--rehash", is_flag=True, help="Compare contents of known sources, not times.")
@click.option("--add-columns", is_flag=True, help="Let columns in that the store does not have.")
@click.option(
    "--without",
    type=PATH,
    multiple=True,
    metavar="SOURCE",
    help="Take the rows of SOURCE, a file or folder, out of STORE: its partitions are rebuilt from "
    "the other sources. Then there is no SRC.",
)
@timeout_option
@wait_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    src: tuple[Path, ...],
    store: Path,
    reader: str | None,
    writer: str | None,
    mapping: Path | None,
    calendar: Path | None,
    dialect: str,
    memory: str | None,
    workers: int | None,
    executor: str,
    replace: bool,
    rehash: bool,
    add_columns: bool,
    timeout: float | None,
    wait: float,
    without: tuple[Path, ...],
    as_json: bool,
) -> int:
    from tickloom.cli.output import phase_bars, print_json, progress
    from tickloom.packing.api import pack
    from tickloom.packing.workers.budget import parse_size

    if not src and not without:
        raise click.UsageError("Missing argument 'SRC...'.")
    if src and without:
        raise click.UsageError("expected SRC or --without, not both: do one after the other.")
    with progress() as bars:
        report = pack(
            src,
            store,
            reader=reader,
            writer=writer,
            mapping=mapping,
            calendar=calendar,
            dialect=dialect,
            memory=parse_size(memory) if memory else None,
            workers=workers,
            executor=executor,
            replace=replace,
            rehash=rehash,
            add_columns=add_columns,
            timeout=timeout,
            wait=wait,
            without=without,
            progress=phase_bars(bars),
        )
    if as_json:
        print_json(report.to_json())
    else:
        _print(report, store)
    return report.exit_code


def _print(report: PackReport, store: Path) -> None:
    from tickloom.cli.output import human_bytes

    read = report.files - report.sources_skipped
    say(f"packed into {store}: {report.partitions} partitions written")
    say(
        f"  files:   {read:,} read, {report.sources_skipped:,} unchanged and skipped, "
        f"{report.files_ignored:,} ignored"
        + (f", {report.files_empty:,} empty" * bool(report.files_empty))
        + (f", {report.parts_ignored:,} parts of other instruments" * bool(report.parts_ignored))
    )
    say(
        f"  rows:    {report.rows_read:,} read = {report.rows_written:,} written + "
        f"{report.rows_duplicate:,} duplicate + {report.rows_quarantined:,} quarantined"
    )
    say(
        f"  bytes:   {human_bytes(report.bytes_in)} in, {human_bytes(report.bytes_out)} out"
        + (f", {report.ratio:.1f}x smaller" if report.bytes_out else "")
    )
    say(f"  elapsed: {report.elapsed_s:.2f} s, {report.rows_per_s:,.0f} rows/s")
    if report.crossed_quotes:
        say(f"  warning: {report.crossed_quotes:,} rows with bid above ask, kept", err=True)
    if report.volume_resets:
        say(f"  warning: {report.volume_resets:,} volume resets, kept with vol_delta 0", err=True)
    for note in report.stamps_coarser[:SHOWN]:
        say(f"  warning: {note}", err=True)
    if report.conflicts:
        _print_conflicts(report)
    for note in report.names_settled[:SHOWN]:
        say(f"  settled: {note}", err=True)
    for item in report.quarantined[:SHOWN]:
        say(f"  quarantined: {item.path}: {item.reason} ({item.rows:,} rows)", err=True)
    if len(report.quarantined) > SHOWN:
        more = len(report.quarantined) - SHOWN
        say(f"  and {more:,} more: see 'tickloom quarantine {store}'", err=True)


def _print_conflicts(report: PackReport) -> None:
    columns = dict.fromkeys(name for one in report.conflicts for name in one.columns)
    named = f" ({', '.join(columns)})" if columns else ""
    say(
        f"  warning: sources disagree about {report.rows_conflicting:,} rows{named}; all are kept, "
        "side by side. 'tickloom pack --without SOURCE STORE' takes a source out",
        err=True,
    )
    for one in report.conflicts[:SHOWN]:
        say(f"  conflict: {one.partition}: {one.rows:,} rows, e.g. {one.example}", err=True)
        for path in one.sources:
            say(f"    source: {path}", err=True)


SHOWN = 20
"""Quarantined input that is listed; the rest is counted."""
