"""``tickloom synth``: raw files to try things on."""

from __future__ import annotations

from pathlib import Path

import click

from tickloom.cli.command import PATH, Command
from tickloom.cli.output import say


@click.command(
    cls=Command, help="Write raw files that look like the vendor's into OUT, a new or empty folder."
)
@click.argument("out", type=PATH)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option("--rows", default=250_000, show_default=True, help="About how many ticks.")
@click.option("--days", default=4, show_default=True, help="Trading days, from 3 November 2025.")
@click.option("--strikes", default=11, show_default=True, help="Strikes of each expiry.")
@click.option("--pathological", is_flag=True, help="Add files that are bad in many ways.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    out: Path, seed: int, rows: int, days: int, strikes: int, pathological: bool, as_json: bool
) -> None:
    from tickloom.cli.output import print_json
    from tickloom.synth import write_raw

    report = write_raw(
        out, seed=seed, rows=rows, days=days, strikes=strikes, pathological=pathological
    )
    if as_json:
        summary = {
            "folders": report.folders,
            "files": report.files,
            "rows": report.rows,
            "distinct_rows": report.distinct_rows,
            "days": report.days,
            "faults": [{"path": path, "what": what} for path, what in report.faults],
        }
        print_json(summary)
        return
    say(f"{report.files} files, {report.rows:,} rows, {len(report.days)} days in")
    for folder in report.folders:
        say(f"  {folder}")
    for path, what in report.faults:
        say(f"  bad on purpose: {path.name} ({what})")
