"""What a caller of ``run`` or ``sweep`` asked for, checked and resolved into one request."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from os import PathLike
from pathlib import Path
from typing import Any

from tickloom.contracts import Right
from tickloom.engine import arguments
from tickloom.engine.columns.stored import of_store
from tickloom.engine.orders import CostModel, FillModel, milliseconds, parse_costs, parse_latency
from tickloom.engine.request.filters import Filters
from tickloom.engine.request.grid import grid_values
from tickloom.engine.request.options import Day, HotTier, Options
from tickloom.errors import TickloomError, UsageError
from tickloom.host import get_host
from tickloom.progress import Progress
from tickloom.specs import ExecutorSpec, KernelSpec
from tickloom.store.api import Store, open_store

StorePath = str | PathLike[str] | Store
"""A store, or where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What the work is spread over."""

    executor: ExecutorSpec
    """Makes the workers."""

    workers: int
    """How many there are."""

    timeout: float | None = None
    """Seconds without any result after which a walk ends; None: it waits for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A walk that was asked for: everything but what is done to each slice of parameters."""

    spec: KernelSpec
    """The kernel."""

    given: Mapping[str, object]
    """Parameters that are said."""

    store: Store
    """What is read."""

    filters: Filters
    """Which part of it."""

    fill: FillModel
    """How orders are filled."""

    costs: CostModel | None
    """What a fill pays; None without costs."""

    spread: Spread
    """What the work is spread over."""

    hot: HotTier
    """Whether the hot tier is read."""

    folder: Path | None
    """Where results go."""

    progress: Progress | None
    """Told how far the walk is."""

    announce: Callable[[str], None] | None
    """Told what is compiled or built."""


def resolve(kernel: str | KernelSpec, store: StorePath, said: Options) -> Request:
    """The request for ``kernel`` over ``store``; ``said`` is complete.

    Raises :class:`UsageError`, naming the argument, and :class:`StoreError`.
    """
    for name in ("progress", "announce"):
        arguments.called(name, said[name])
    opened = store_of(store)
    return Request(
        store=opened,
        spec=of_store(kernel_of(kernel), opened),
        given=params_of(said["params"]),
        fill=fill_of(said["fill"], said["latency"], said["stale_ms"]),
        costs=costs_of(said["costs"]),
        folder=folder_of(said["out"]),
        filters=filters_of(
            said["underlyings"],
            said["start"],
            said["end"],
            said["expiry"],
            said["strikes"],
            said["right"],
        ),
        spread=spread_of(said["executor"], said["workers"], said["timeout"]),
        hot=hot_of(said["hot"]),
        progress=said["progress"],
        announce=said["announce"],
    )


def kernel_of(kernel: str | KernelSpec) -> KernelSpec:
    """The registry's entry, or the kernel itself; raises :class:`UnknownNameError`."""
    if isinstance(kernel, KernelSpec):
        return kernel
    name = arguments.text("kernel", kernel, "a kernel's name, like 'ema-cross', or its KernelSpec")
    return get_host().kernels.get(name)


def store_of(store: StorePath) -> Store:
    """The opened store; raises :class:`UsageError` if there is none."""
    return store if isinstance(store, Store) else open_store(arguments.path("store", store))


def params_of(params: Mapping[str, object] | None) -> Mapping[str, object]:
    """The parameters that are given; raises :class:`UsageError` unless they have names."""
    expected = "a mapping from parameters to values, like {'fast': 5}"
    return {} if params is None else arguments.mapping("params", params, expected)


def grid_of(grid: Mapping[str, str | Sequence[object]]) -> dict[str, list[Any]]:
    """The grid's values by parameter; raises :class:`UsageError`."""
    expected = "a mapping from parameters to their values, like {'fast': [3, 4], 'slow': '15:21'}"
    given = arguments.mapping("grid", grid, expected)
    several = "several values, like [3, 4] or '3:10'"
    return {
        name: grid_values(values)
        if isinstance(values, str)
        else arguments.several(f"grid[{name!r}]", values, several)
        for name, values in given.items()
    }


def filters_of(
    underlyings: str | Sequence[str],
    start: Day | None,
    end: Day | None,
    expiry: Day | Sequence[Day],
    strikes: str | tuple[float, float] | None,
    right: Right | None,
) -> Filters:
    """The filters; raises :class:`UsageError` for a day that is none or an empty range."""
    return Filters(
        underlyings=tuple(_underlyings(underlyings)),
        start=None if start is None else _day("start", start),
        end=None if end is None else _day("end", end),
        expiries=tuple(_days("expiry", expiry)),
        strikes=None if strikes is None else _strikes(strikes),
        right=right,
    )


def fill_of(fill: str, latency: str | int, stale_ms: float) -> FillModel:
    """The fill model; raises :class:`UsageError`."""
    return FillModel(
        mode=fill,  # type: ignore[arg-type]  # the model checks it
        stale_ns=milliseconds("stale_ms", stale_ms),
        **parse_latency(latency),
    )


def costs_of(costs: str) -> CostModel | None:
    """The cost model; raises :class:`UsageError`."""
    return parse_costs(arguments.text("costs", costs, "a text like 'none', 'nse' or 'fee=1.5'"))


def spread_of(executor: str, workers: int | None, timeout: float | None = None) -> Spread:
    """The executor called ``executor`` with ``workers``, or one for each core that is allowed."""
    name = arguments.text("executor", executor, "an executor's name, like 'threads'")
    if workers is not None and not (arguments.is_whole(workers) and workers >= 1):
        raise arguments.wrong("workers", "a whole number, 1 or more", workers)
    return Spread(
        executor=get_host().executors.get(name),
        workers=int(workers or _cores()),
        timeout=timeout,
    )


def hot_of(hot: bool | None) -> HotTier:
    """Whether the hot tier is read."""
    if hot is None:
        return "found"
    return "build" if arguments.flag("hot", hot, "True, False or None") else "never"


def folder_of(out: str | PathLike[str] | None) -> Path | None:
    """The folder for results, which need not exist yet.

    Raises :class:`UsageError` where it cannot be made, :class:`TickloomError` where it cannot be
    written, before hours are spent on what would go there.
    """
    if out is None:
        return None
    folder = arguments.path("out", out)
    present = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not present.is_dir():
        raise UsageError(f"cannot write the results to {folder}: {present} is not a folder")
    if not os.access(present, os.W_OK):
        why = "is on a read-only file system" if _is_read_only(present) else "may not be written"
        raise TickloomError(f"cannot write the results to {folder}: {present} {why}")
    return folder


def _is_read_only(folder: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _cores() -> int:
    """The cores that this process may use, which a container or taskset can narrow."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _underlyings(names: str | Sequence[str]) -> list[str]:
    expected = "an underlying's name, like 'NIFTY', or several"
    given = [names] if isinstance(names, str) else arguments.several("underlyings", names, expected)
    return [arguments.text("underlyings", name, expected).upper() for name in given]


def strike_range(text: str) -> tuple[float, float]:
    """``'A:B'``, lowest and highest strike, or ``'A'`` alone; raises :class:`UsageError`."""
    low, colon, high = text.partition(":")
    try:
        found = float(low), float(high if colon else low)
    except ValueError:
        found = math.nan, math.nan
    if any(map(math.isnan, found)):
        raise UsageError(
            f"strikes are written A:B (both included) or A, like 50000:52000; found {text!r}"
        )
    return found


def _strikes(strikes: str | Sequence[float]) -> tuple[float, float]:
    if isinstance(strikes, str):
        return strike_range(strikes)
    expected = "the lowest and the highest strike, like (50000, 52000) or '50000:52000'"
    if isinstance(strikes, set | frozenset):
        raise arguments.wrong("strikes", expected, strikes)
    given = arguments.several("strikes", strikes, expected)
    if len(given) != 2 or not all(map(arguments.is_number, given)):
        raise arguments.wrong("strikes", expected, strikes)
    return float(given[0]), float(given[1])


def _days(name: str, days: Day | Sequence[Day]) -> list[date]:
    expected = "a day, like '2025-08-28', or several"
    one = isinstance(days, date | str)
    given: list[Any] = [days] if one else arguments.several(name, days, expected)
    return [_day(name, day) for day in given]


def _day(name: str, day: Day) -> date:
    if isinstance(day, datetime):  # a date too, but one that compares with none
        if day.time() != time():
            raise arguments.wrong(name, "a day without a time, like '2025-08-28'", day)
        return day.date()
    if isinstance(day, date):
        return day
    written = arguments.text(name, day, "a day, like '2025-08-28' or datetime.date(2025, 8, 28)")
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise UsageError(f"a day is written YYYY-MM-DD, like 2025-08-01; found {day!r}") from None
