"""``tickloom verify``: prove that a store is whole, sorted and typed."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from tickloom.cli.command import PATH, Command
from tickloom.cli.output import say


@click.command(cls=Command)
@click.argument("store", type=PATH)
@click.option(
    "--deep",
    is_flag=True,
    help="Also decode every page, recompute derived columns, and read the sources that are still "
    "there for rows that the store lost.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_context
def command(context: click.Context, store: Path, deep: bool, as_json: bool) -> None:
    """Prove that STORE is what was committed: bytes, order, types, row counts.

    Exit code 1 if anything is wrong; every damaged file is listed with the reason.
    """
    from tickloom.cli.output import counting_bar, print_json, progress
    from tickloom.packing.proof import verify

    with progress() as bars:
        report = verify(store, deep=deep, progress=partial(counting_bar, bars))
    compared = report.sources_compared is not None
    counts = {
        "sources_compared": report.sources_compared,
        "sources_unchecked": report.sources_unchecked,
    }
    if as_json:
        print_json(
            {
                "ok": report.ok,
                "files": report.files,
                "rows": report.rows,
                "problems": report.problems,
                "notes": report.notes,
                **(counts if compared else {}),
            }
        )
    else:
        for problem in report.problems:
            say(f"{problem.path}: {problem.reason}")
        for note in report.notes:
            say(f"note: {note}", err=True)
        verdict = "ok" if report.ok else f"{len(report.problems)} problems"
        sources = (
            f", {report.sources_compared:,} sources compared, "
            f"{report.sources_unchecked:,} not comparable"
            if compared
            else ""
        )
        say(f"{verdict}: {report.files} files, {report.rows:,} rows{sources}")
    context.exit(0 if report.ok else 1)
