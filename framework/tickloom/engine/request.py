"""What a caller of ``run`` or ``sweep`` asked for, checked and resolved."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from os import PathLike

from tickloom.contracts import Right
from tickloom.engine.fills import FillModel, parse_latency
from tickloom.engine.fills.model import NS_PER_MS
from tickloom.engine.filters import Filters
from tickloom.errors import UsageError
from tickloom.host import get_host
from tickloom.specs import ExecutorSpec, KernelSpec
from tickloom.store.api import Store, open_store

Day = date | str
"""A day, or its ISO form."""

StorePath = str | PathLike[str] | Store
"""A store, or where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What the work is spread over."""

    executor: ExecutorSpec
    """Makes the workers."""

    workers: int
    """How many there are."""


def kernel_of(kernel: str | KernelSpec) -> KernelSpec:
    """The registry's entry, or the kernel itself; raises :class:`UnknownNameError`."""
    return get_host().kernels.get(kernel) if isinstance(kernel, str) else kernel


def store_of(store: StorePath) -> Store:
    """The opened store; raises :class:`UsageError` if there is none."""
    return store if isinstance(store, Store) else open_store(store)


def filters_of(
    underlyings: Sequence[str],
    start: Day | None,
    end: Day | None,
    expiry: Day | Sequence[Day],
    strikes: tuple[float, float] | None,
    right: Right | None,
) -> Filters:
    """The filters; raises :class:`UsageError` for a day that is none or an empty range."""
    return Filters(
        underlyings=tuple(name.upper() for name in underlyings),
        start=None if start is None else _day(start),
        end=None if end is None else _day(end),
        expiries=tuple(_days(expiry)),
        strikes=strikes,
        right=right,
    )


def fill_of(fill: str, latency: str, stale_ms: float) -> FillModel:
    """The fill model; raises :class:`UsageError`."""
    return FillModel(
        mode=fill,  # type: ignore[arg-type]  # the model checks it
        stale_ns=round(stale_ms * NS_PER_MS),
        **parse_latency(latency),
    )


def spread_of(executor: str, workers: int | None) -> Spread:
    """The executor called ``executor`` with ``workers``, or one for each core that is allowed."""
    if workers is not None and workers < 1:
        raise UsageError(f"workers must be 1 or more; found {workers}")
    return Spread(executor=get_host().executors.get(executor), workers=workers or _cores())


def _cores() -> int:
    """The cores that this process may use, which a container or taskset can narrow."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _days(days: Day | Sequence[Day]) -> Iterator[date]:
    for day in [days] if isinstance(days, date | str) else days:
        yield _day(day)


def _day(day: Day) -> date:
    if isinstance(day, date):
        return day
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise UsageError(f"a day is written YYYY-MM-DD, like 2025-08-01; found {day!r}") from None
