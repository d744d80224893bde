"""Rows split by trading day."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tickloom.contracts import Contract

if TYPE_CHECKING:
    import polars as pl

MICROSECONDS_PER_DAY: Final = 86_400_000_000
Ints = npt.NDArray[np.int64]

EPOCH: Final = dt.date(1970, 1, 1)

FIRST_YEAR: Final = 2010
"""First of the years whose times the store takes of options."""

FIRST_SERIES_YEAR: Final = 1990
"""The same of series, which are older than the options on them: the NIFTY began in 1990."""

LAST_YEAR: Final = 2100
"""Last of the years whose times the store takes."""


class DayRows(NamedTuple):
    """Where one day's rows lie in a frame."""

    day: dt.date
    """Trading day."""

    start: int
    """First row."""

    rows: int
    """Number of rows."""

    first: int
    """Smallest timestamp, microseconds of the wall clock since 1970."""

    last: int
    """Largest timestamp, microseconds of the wall clock since 1970."""

    in_order: bool
    """No timestamp is smaller than the one before it."""


def by_day(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[DayRows]]:
    """``frame`` with its days one after another, each in the vendor's order, and their places."""
    stamps = _stamps(frame)
    days = day_numbers(frame)
    if np.any(days[1:] < days[:-1]):
        order = np.argsort(days, kind="stable")
        frame, stamps, days = frame[order], stamps[order], days[order]
    bounds = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
    found = []
    for start, end in pairwise(bounds):
        part = stamps[start:end]
        in_order = bool(np.all(part[1:] >= part[:-1]))
        day = EPOCH + dt.timedelta(days=int(days[start]))
        found.append(DayRows(day, start, end - start, int(part.min()), int(part.max()), in_order))
    return frame, found


def first_year(contract: Contract) -> int:
    """First of the years whose times the store takes of ``contract``."""
    return FIRST_YEAR if contract.instrument == "option" else FIRST_SERIES_YEAR


def days_of(frame: pl.DataFrame) -> set[int]:
    """The days of the rows of ``frame``, as days since 1970."""
    days = day_numbers(frame)
    # Rows are in order or nearly so: only where a day begins is there anything to see.
    return {int(days[0]), *days[1:][days[1:] != days[:-1]].tolist()} if len(days) else set()


def day_numbers(frame: pl.DataFrame) -> Ints:
    """Days since 1970 of the rows of ``frame``; none of its timestamps is null."""
    return _stamps(frame) // MICROSECONDS_PER_DAY


def _stamps(frame: pl.DataFrame) -> Ints:
    import polars as pl

    # A cast, since Polars plans and runs a query for to_physical(): 2 µs instead of 30.
    return frame["timestamp"].cast(pl.Int64).to_numpy()
