"""``tickloom info``: what is in a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tickloom.cli.command import PATH, Command

if TYPE_CHECKING:
    from tickloom.store.contents import Contents


@click.command(cls=Command)
@click.argument("store", type=PATH)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(store: Path, as_json: bool) -> None:
    """Say what is in STORE: days, underlyings, expiries, contracts, rows, sources, size."""
    from tickloom.cli.output import human_bytes, print_json, print_table
    from tickloom.store.api import open_store
    from tickloom.store.contents import describe

    found = describe(open_store(store))
    if as_json:
        print_json(found)
        return
    kind = f"format {found.format}" if found.managed else "no manifest ('tickloom adopt' makes one)"
    days = f"{found.first_date} to {found.last_date}, {found.dates} days" if found.dates else "none"
    print_table(
        (f"{found.path}", ""),
        (
            ("store", kind),
            ("partitions", f"{found.partitions:,}"),
            ("rows", f"{found.rows:,}"),
            ("size", human_bytes(found.bytes)),
            ("dates", days),
            ("underlyings", ", ".join(f"{u} ({n:,} rows)" for u, n in found.underlyings.items())),
            ("expiries", ", ".join(map(str, found.expiries))),
            ("contracts", f"{found.contracts:,}"),
            *(
                (name, f"{one.rows:,} rows, {one.days} days, {one.first_date} to {one.last_date}")
                for name, one in found.series.items()
            ),
            ("sources", ", ".join(f"{n:,} {state}" for state, n in found.sources.items())),
            ("conflicts", _conflicts(found)),
            ("extra columns", ", ".join(found.columns) or "none"),
            ("settings", ", ".join(f"{k}={v}" for k, v in sorted(found.settings.items()))),
            ("written by", ", ".join(f"{d} {v}" for d, v in sorted(found.plugins.items()))),
        ),
    )


def _conflicts(found: Contents) -> str:
    """How many rows sources disagree about, in which columns, and one of them."""
    if not found.conflicts:
        return "none"
    columns = dict.fromkeys(name for one in found.conflicts.values() for name in one.columns)
    example = next(iter(found.conflicts.values())).example
    return (
        f"{found.rows_conflicting:,} rows in {len(found.conflicts):,} partitions "
        f"({', '.join(columns)}), e.g. {example}"
    )
