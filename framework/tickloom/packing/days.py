"""Rows split by trading day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import polars as pl

MICROSECONDS_PER_DAY: Final = 86_400_000_000
EPOCH: Final = dt.date(1970, 1, 1)


def split_days(frame: pl.DataFrame) -> Iterator[tuple[dt.date, pl.DataFrame, int, int, bool]]:
    """The rows of each day, in the vendor's order: day, rows, smallest and largest timestamp
    (microseconds since 1970), and whether the timestamps are in order."""
    stamps = _stamps(frame)
    days = stamps // MICROSECONDS_PER_DAY
    if np.any(days[1:] < days[:-1]):
        order = np.argsort(days, kind="stable")
        frame, stamps, days = frame[order], stamps[order], days[order]
    bounds = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
    for start, end in pairwise(bounds):
        part = stamps[start:end]
        in_order = bool(np.all(part[1:] >= part[:-1]))
        day = EPOCH + dt.timedelta(days=int(days[start]))
        rows = frame.slice(start, end - start)
        yield day, rows, int(part.min()), int(part.max()), in_order


def _stamps(frame: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    import polars as pl

    return frame["timestamp"].cast(pl.Datetime("us")).to_physical().to_numpy()
