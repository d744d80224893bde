"""``tickloom quarantine``: the input that a store could not take."""

from __future__ import annotations

from pathlib import Path

import click

from tickloom.cli.command import PATH, Command
from tickloom.cli.output import say


@click.command(cls=Command)
@click.argument("store", type=PATH)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(store: Path, as_json: bool) -> None:
    """List the raw files and rows that STORE could not take, each with the reason.

    Rejected rows are kept in Parquet files with a column 'reason'; pack tries quarantined files
    again each time.
    """
    from tickloom.cli.output import print_json
    from tickloom.paths import text_path
    from tickloom.store.api import open_store
    from tickloom.store.layout import CONTROL_DIR

    opened = open_store(store)
    rejected = [
        {
            "path": text_path(rejection.path),
            "reason": rejection.reason,
            "rows": rejection.rows,
            "file": str(opened.path / CONTROL_DIR / rejection.file) if rejection.file else None,
        }
        for _, source in sorted(opened.manifest.sources.items())
        for rejection in source.rejected
    ]
    if as_json:
        print_json({"quarantined": rejected})
        return
    for item in rejected:
        kept = f" (rows kept in {item['file']})" if item["file"] else ""
        say(f"{item['path']}: {item['rows']:,} rows: {item['reason']}{kept}")
    say(f"{len(rejected)} entries in quarantine")
