"""``tickloom sweep``: a kernel with many parameter sets, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tickloom.cli.command import Command
from tickloom.cli.output import say
from tickloom.cli.selection import (
    assignment,
    by_name,
    fills_of,
    limit_decoding,
    run_options,
)

if TYPE_CHECKING:
    from tickloom.engine.sweeping.results import SweepResult


@click.command(
    cls=Command, help="Run KERNEL over STORE with every combination of the grid's values."
)
@click.option(
    "--grid",
    type=assignment,
    metavar="NAME=VALUES",
    multiple=True,
    required=True,
    callback=by_name,
    help="Values of a parameter: 15,18,21 or 3:10 or 0.1:0.5:0.1, ends included; repeatable.",
)
@run_options(
    param="A parameter of KERNEL that stays the same.",
    out="Write the table of all sets into this folder; an interrupted sweep continues from it.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="How many sets to list.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    kernel: str,
    store: Path,
    grid: dict[str, str],
    params: dict[str, str],
    out: Path | None,
    top: int,
    as_json: bool,
    **options: Any,
) -> None:
    limit_decoding(options["workers"])
    from tickloom.cli.output import announce, counting_bar, print_json, progress
    from tickloom.engine.api import sweep

    with progress() as bars:
        result = sweep(
            kernel,
            store,
            grid=grid,
            params=params,
            out=out,
            progress=counting_bar(bars, "rows"),
            announce=announce,
            **options,
        )
    if as_json:
        print_json(result.summary())
        return
    _print(result, top, out)


def _print(result: SweepResult, top: int, out: Path | None) -> None:
    from tickloom.cli.output import print_table

    rate = result.row_params_per_s / 1e6
    say(
        f"{result.sets:,} sets of {result.kernel} over {result.rows:,} rows of "
        f"{result.contracts:,} contracts in {result.elapsed_s:.3f} s: {rate:,.0f} M row-params/s"
    )
    if (result.fill, result.latency, result.cost_model) != ("last", "0", "none"):
        costs = "without costs" if result.cost_model == "none" else f"costs {result.cost_model}"
        say(f"fill {fills_of(result)}; {costs}")
    if result.resumed:
        say(f"continued after {result.resumed} partitions of an earlier sweep")
    for skipped in result.partitions_skipped:
        say(f"skipped {skipped.partition}: {skipped.column!r} is all null there", err=True)
    rows = [
        [*(f"{row[name]:g}" for name in result.grid), f"{row['trades']:,}", f"{row['pnl']:,.2f}"]
        for row in result.top(top).iter_rows(named=True)
    ]
    say()
    print_table([*result.grid, "trades", "PnL"], rows)
    heat = result.heat()
    if heat is not None:
        say(f"\nPnL, {result.grid[0]} down, {result.grid[1]} across")
        _print_heat(*heat)
    if out is not None:
        say(f"\nwritten to {out}")


def _print_heat(
    down: Sequence[Any], across: Sequence[Any], cells: Sequence[Sequence[float]]
) -> None:
    """A cell for each pair, red for a loss and green for a profit where colours can be shown."""
    most = max(abs(cell) for line in cells for cell in line) or 1.0
    texts = [[f"{cell:,.0f}" for cell in line] for line in cells]
    head = [f"{value:g}" for value in across]
    width = max(map(len, [*head, *(text for line in texts for text in line)])) + 1
    first = max(len(f"{value:g}") for value in down)
    say(" " * first + "".join(f"{text:>{width}}" for text in head))
    for value, line, named in zip(down, cells, texts, strict=True):
        shown = (
            click.style(f"{text:>{width}}", bg=_colour(cell / most), fg=(255, 255, 255))
            for cell, text in zip(line, named, strict=True)
        )
        click.echo(f"{value:>{first}g}" + "".join(shown))


def _colour(share: float) -> tuple[int, int, int]:
    strength = 40 + round(150 * min(abs(share), 1.0))
    return (strength, 30, 30) if share < 0 else (30, strength, 30)
