"""``tickloom recalendar``: date a store anew after a calendar change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tickloom.cli.command import PATH, Command, LocalPath, timeout_option, wait_option
from tickloom.cli.output import say

if TYPE_CHECKING:
    from tickloom.expiries.redate import RedateReport


@click.command(cls=Command)
@click.argument("store", type=PATH)
@click.option(
    "--calendar",
    "file",
    type=LocalPath(path_type=Path, exists=True, dir_okay=False),
    help="A calendar file, whose rows win over the rules.",
)
@click.option("--workers", type=int, help="Number of workers. [default: one a core]")
@click.option(
    "--executor", default="tickloom:processes", show_default=True, help="What workers are."
)
@timeout_option
@wait_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    store: Path,
    file: Path | None,
    workers: int | None,
    executor: str,
    timeout: float | None,
    wait: float,
    as_json: bool,
) -> None:
    """Re-date STORE after a calendar change.

    Partitions with a contract that the calendar dates otherwise than they do are written anew:
    expiry, flags, order and vol_delta. Each is committed by itself; the same command goes on after
    an interruption.
    """
    from dataclasses import asdict

    from tickloom.cli.output import phase_bars, print_json, progress
    from tickloom.expiries.redate import redate

    with progress() as bars:
        report = redate(
            store,
            file.resolve() if file else None,
            workers=workers,
            executor=executor,
            timeout=timeout,
            wait=wait,
            progress=phase_bars(bars),
        )
    if as_json:
        print_json(asdict(report))
    else:
        _print(report)


def _print(report: RedateReport) -> None:
    say(
        f"{report.partitions_redated:,} of {report.partitions:,} partitions written anew: "
        f"{report.contracts_redated:,} contracts re-dated, {report.rows:,} rows, "
        f"{report.elapsed_s:.2f} s"
    )
    if report.contracts_provisional:
        say(
            f"  {report.contracts_provisional:,} contracts have provisional expiries: run it "
            "again when the exchange has published its holidays"
        )
    if report.contracts_unknown:
        say(
            f"  warning: {report.contracts_unknown:,} contracts without a name that the calendar "
            "knows stay as they are",
            err=True,
        )
