"""``tickloom resort``: put a store's files into order, in place."""

from __future__ import annotations

from pathlib import Path

import click

from tickloom.cli.command import PATH, Command
from tickloom.cli.output import say


@click.command(cls=Command)
@click.argument("store", type=PATH)
@click.option("--dry-run", is_flag=True, help="Only say what would be sorted.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_context
def command(context: click.Context, store: Path, dry_run: bool, as_json: bool) -> None:
    """Sort the files of STORE that another tool wrote out of order, each atomically.

    Rows are kept exactly, files get the settings of every tickloom store. Exit code 1 if a file
    could not be sorted.
    """
    from tickloom.cli.output import counting_bar, print_json, progress
    from tickloom.store.resort import resort_store

    with progress() as bars:
        report = resort_store(
            store,
            dry_run=dry_run,
            progress=counting_bar(bars, "resort"),
        )
    rows = sum(file.rows for file in report.files)
    if as_json:
        print_json(
            {
                "files": len(report.files),
                "rows": rows,
                "already_sorted": report.count("already sorted"),
                "sorted": report.count("sorted"),
                "unsorted": report.count("unsorted"),
                "failed": report.count("failed"),
                "elapsed_s": report.elapsed_s,
                "results": report.files,
            }
        )
    else:
        for file in report.files:
            detail = f": {file.reason}" if file.reason else f", {file.rows:,} rows"
            say(f"{file.path}: {file.outcome}{detail} ({file.elapsed_s:.2f} s)")
        would = f", {report.count('unsorted')} to sort" if dry_run else ""
        say(
            f"{len(report.files)} files, {rows:,} rows: {report.count('already sorted')} already "
            f"sorted, {report.count('sorted')} sorted{would}, {report.count('failed')} failed, "
            f"in {report.elapsed_s:.2f} s"
        )
    context.exit(1 if report.count("failed") else 0)
