"""``tickloom bench``: how fast a kernel is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tickloom.cli.command import PATH, Command
from tickloom.cli.output import say
from tickloom.cli.selection import param_option

if TYPE_CHECKING:
    from tickloom.bench.measurement import KernelTiming


@click.command(cls=Command)
@click.argument("kernel")
@click.argument("store", type=PATH, required=False)
@param_option("A parameter of KERNEL; see 'tickloom kernels list KERNEL'.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(kernel: str, store: Path | None, params: dict[str, str], as_json: bool) -> None:
    """Check KERNEL against its author's Python, then time it.

    Over STORE as 'tickloom run' does it, or without one over seeded ticks in memory on one thread;
    compared on the longest contracts of STORE, or on those ticks. The rate relative to a
    calibration loop can be compared across machines.
    """
    from tickloom.bench.measurement import measure_kernel
    from tickloom.cli.output import print_json
    from tickloom.host import get_host

    timing = measure_kernel(get_host().kernels.get(kernel), store, params)
    if as_json:
        print_json(timing.to_json())
    else:
        _print(timing)


def _print(timing: KernelTiming) -> None:
    rate = f"{timing.rows_per_s / 1e6:,.1f} M rows/s (median {timing.rows_per_s_median / 1e6:,.1f})"
    lines = [
        ("Kernel", " ".join([timing.kernel, *(f"{n}={v}" for n, v in timing.params.items())])),
        ("Over", f"{timing.source}: {timing.rows:,} rows, {timing.contracts:,} contracts"),
        (
            "Parity",
            f"agrees with its author's code on {timing.parity_rows:,} rows{_traded(timing)}",
        ),
        ("Trades", f"{timing.trades:,}"),
        ("Throughput", rate),
        (
            "Calibrated",
            f"{timing.calibrated:.3f} times the calibration loop's "
            f"{timing.calibration_rows_per_s / 1e6:,.1f} M rows/s",
        ),
        ("Compile", f"{timing.compile_s:.2f} s, {timing.load_s * 1e3:.1f} ms from the cache"),
        ("Peak memory", f"{timing.peak_rss_mb:,.0f} MiB"),
    ]
    for name, value in lines:
        say(f"{name + ':':<13}{value}")


def _traded(timing: KernelTiming) -> str:
    if timing.parity_trades:
        return f", {timing.parity_trades:,} trades"
    return " without a trade, which shows little: it may want other parameters (--param)"
