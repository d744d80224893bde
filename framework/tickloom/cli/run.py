"""``tickloom run``: a kernel over a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tickloom.cli.command import Command
from tickloom.cli.output import say
from tickloom.cli.selection import fills_of, limit_decoding, run_options

if TYPE_CHECKING:
    from tickloom.engine.running.results import RunResult


@click.command(cls=Command, help="Run KERNEL over the contracts of STORE.")
@run_options(
    param="A parameter of KERNEL; see 'tickloom kernels list KERNEL'.",
    out="Write totals, results per contract and the trade log into this folder.",
)
@click.option("--checked", is_flag=True, help="Check the host's own loop too, for debugging.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    kernel: str,
    store: Path,
    params: dict[str, str],
    out: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    limit_decoding(options["workers"])
    from tickloom.cli.output import announce, counting_bar, print_json, progress
    from tickloom.engine.api import run

    with progress() as bars:
        result = run(
            kernel,
            store,
            params=params,
            out=out,
            progress=counting_bar(bars, "rows"),
            announce=announce,
            **options,
        )
    if as_json:
        print_json(result.summary())
        return
    _print(result, out)


def _print(result: RunResult, out: Path | None) -> None:
    given = " ".join(f"{name}={value}" for name, value in result.params.items())
    lines = [
        ("Kernel", f"{result.kernel} {given}".rstrip()),
        ("Fill", fills_of(result)),
        ("Partitions", f"{result.partitions:,}"),
        ("Contracts", f"{result.contracts:,}"),
        ("Total rows", f"{result.rows:,}"),
        ("Rows skipped", f"{result.rows_skipped:,} (no {result.ticks})"),
        ("Total trades", f"{result.trades:,}"),
        ("Total PnL", f"{result.pnl:,.2f}{_after_costs(result)}"),
        ("Elapsed", f"{result.elapsed_s:.3f} s with {result.workers} {result.executor}"),
        ("Throughput", f"{result.rows_per_s:,.0f} rows/s ({result.rows_per_s / 1e6:.1f}M rows/s)"),
        ("Peak memory", f"{result.peak_rss_mb:,.0f} MiB"),
    ]
    if result.rows_read != result.rows:
        lines.insert(5, ("Rows read", f"{result.rows_read:,}"))
    if result.fill != "last":
        lines.insert(
            -3, ("Unfilled", f"{result.unfilled:,} ticks, {result.partial:,} partial fills")
        )
    if result.compile_s:
        lines.append(("Compiled", f"in {result.compile_s:.1f} s, apart from the time above"))
    if out is not None:
        lines.append(("Written to", str(out)))
    for name, value in lines:
        say(f"{name + ':':<15}{value}")
    for skipped in result.partitions_skipped:
        say(
            f"skipped {skipped.partition}: {skipped.rows:,} rows, column {skipped.column!r} holds "
            "nothing but nulls there",
            err=True,
        )


def _after_costs(result: RunResult) -> str:
    if result.cost_model == "none":
        return ""
    return f" after costs of {result.costs:,.2f} ({result.cost_model})"
