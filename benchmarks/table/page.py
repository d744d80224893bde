"""Prints what was measured: one block a section, ratios first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.table.interleaved import Timing
from benchmarks.table.packing import PackTiming


def timings(title: str, measured: Sequence[Timing], yardstick: int = 0) -> Iterator[str]:
    """A section of contenders over the same rows."""
    yield from _head(title, "M rows/s")
    for timing in measured:
        best, median = timing.ratio(measured[yardstick])
        rate = timing.outcome.rows / 1e6
        change = timing.outcome.trades - measured[yardstick].outcome.trades
        trades = f"{timing.outcome.trades:,} trades" + (f" ({change:+,})" if change else "")
        yield _line(best, median, rate / timing.best, rate / timing.median, timing.name, trades)


def durations(title: str, measured: Sequence[Timing]) -> Iterator[str]:
    """A section whose contenders do different amounts of work."""
    yield from _head(title, "ms")
    for timing in measured:
        best, median = timing.ratio(measured[0])
        rows = f"{timing.outcome.rows:,} rows"
        yield _line(best, median, timing.best * 1e3, timing.median * 1e3, timing.name, rows)


def sizes(title: str, measured: Sequence[tuple[int, Sequence[Timing]]]) -> Iterator[str]:
    """A section of growing inputs: ratios to the yardstick of the same size."""
    yield from _head(title, "M rows/s")
    for rows, (yardstick, *others) in measured:
        for timing in others:
            best, median = timing.ratio(yardstick)
            rate = rows / 1e6
            name = f"{timing.name}, {rate:.1f} M rows"
            yield _line(best, median, rate / timing.best, rate / timing.median, name, "")


def packing(title: str, measured: Sequence[PackTiming]) -> Iterator[str]:
    """The section of packing: speed, and what it costs in memory and on disk."""
    yield from _head(title, "M rows/s")
    yardstick = measured[0]
    for timing in measured:
        rate = timing.rows / 1e6
        remark = f"{timing.peak / 2**30:.2f} GiB peak, {timing.size / timing.rows:.1f} bytes a row"
        yield _line(
            yardstick.best / timing.best,
            yardstick.median / timing.median,
            rate / timing.best,
            rate / timing.median,
            timing.name,
            remark,
        )


def _head(title: str, unit: str) -> Iterator[str]:
    yield f"\n{title}"
    yield f"{'ratio':>7} {'median':>7}   {'best':>8} {'median':>8} {unit}"


def _line(best: float, median: float, top: float, middle: float, name: str, remark: str) -> str:
    return f"{best:7.2f} {median:7.2f}   {top:8.2f} {middle:8.2f} {name:<42} {remark}".rstrip()
