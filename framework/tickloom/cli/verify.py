"""``tickloom verify``: prove that a store is whole, sorted and typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tickloom.cli.command import PATH, Command
from tickloom.cli.output import say

if TYPE_CHECKING:
    from rich.progress import Progress

    from tickloom.store.verify import Report


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
    from tickloom.store.verify import verify_store

    with progress() as bars:
        report = verify_store(
            store,
            deep=deep,
            progress=counting_bar(bars, "verify"),
        )
        counts = _compare_sources(store, report, bars) if deep and report.ok else {}
    if as_json:
        print_json(
            {
                "ok": report.ok,
                "files": report.files,
                "rows": report.rows,
                "problems": report.problems,
                "notes": report.notes,
                **counts,
            }
        )
    else:
        for problem in report.problems:
            say(f"{problem.path}: {problem.reason}")
        for note in report.notes:
            say(f"note: {note}", err=True)
        verdict = "ok" if report.ok else f"{len(report.problems)} problems"
        compared = (
            f", {counts['sources_compared']:,} sources compared, "
            f"{counts['sources_unchecked']:,} not comparable"
            if counts
            else ""
        )
        say(f"{verdict}: {report.files} files, {report.rows:,} rows{compared}")
    context.exit(0 if report.ok else 1)


def _compare_sources(store: Path, report: Report, bars: Progress) -> dict[str, int]:
    """Add to ``report`` what the sources have and the store does not; how many were compared."""
    from tickloom.cli.output import counting_bar
    from tickloom.packing.conservation import check_conservation
    from tickloom.store.api import open_store
    from tickloom.store.verify import Problem

    found = check_conservation(open_store(store), progress=counting_bar(bars, "sources"))
    report.problems += [Problem(path, reason) for path, reason in found.lost]
    report.notes += found.unchecked
    return {"sources_compared": found.sources, "sources_unchecked": len(found.unchecked)}
