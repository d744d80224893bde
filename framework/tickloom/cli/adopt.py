"""``tickloom adopt``: build the manifest and index of a store that has none."""

from __future__ import annotations

from pathlib import Path

import click

from tickloom.cli.command import PATH, Command, wait_option
from tickloom.cli.output import say


@click.command(cls=Command)
@click.argument("store", type=PATH)
@click.option(
    "--reader",
    default="",
    help="Reader whose calendar reads the trading symbols in the files. [default: nse-parquet]",
)
@click.option(
    "--rebuild",
    is_flag=True,
    help="Set a damaged manifest aside and build a new one from the files.",
)
@wait_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(store: Path, reader: str, rebuild: bool, wait: float, as_json: bool) -> None:
    """Make the partition files of STORE that no manifest knows part of a managed store.

    The files stay as they are. They must be sorted ('tickloom resort') and whole: in a file
    without page checksums only damage that no longer decodes can be found.
    """
    from tickloom.cli.output import counting_bar, print_json, progress
    from tickloom.store.foreign.adopt import adopt_store

    with progress() as bars:
        report = adopt_store(
            store,
            reader=reader,
            rebuild=rebuild,
            wait=wait,
            progress=counting_bar(bars, "adopt"),
        )
    if as_json:
        print_json(report)
        return
    say(
        f"{report.adopted} files adopted, {report.refreshed} times refreshed; the manifest lists "
        f"{report.files} partitions with {report.rows:,} rows"
    )
    if report.adopted:
        say(
            "note: digests are as of now; damage that was there before and still decodes can only "
            "be seen in files with page checksums",
            err=True,
        )
    if report.forgotten:
        say(
            f"note: {report.forgotten} partitions without a file were forgotten; pack their "
            "sources again",
            err=True,
        )
    if report.unnamed:
        say(
            f"note: the trading symbols of {report.unnamed:,} contracts could not be read; they "
            "are known by expiry, right and strike",
            err=True,
        )
