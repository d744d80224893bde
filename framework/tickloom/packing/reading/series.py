"""Batches of futures and of underlyings themselves, before they are named like those of options."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tickloom.contracts import NEAREST, Contract
from tickloom.schema import OPTION_COLUMNS
from tickloom.specs import Calendar, CalendarGapError, RawBatch, ReadError, expiry_of

if TYPE_CHECKING:
    import polars as pl


def series_batches(batch: RawBatch, calendar: Calendar) -> Iterator[RawBatch]:
    """``batch`` of a series without the columns of options; one of the nearest future, whose name
    does not say its month, as batches of one month each, in order of their first rows.

    Raises :class:`ReadError` where the calendar knows no month for a day.
    """
    contract = batch.contract
    assert contract is not None
    frame = batch.frame.drop([name for name in batch.frame.columns if name in OPTION_COLUMNS])
    if contract.period != NEAREST or not frame.height:
        yield replace(batch, frame=frame)
        return
    for period, part in _by_period(frame, contract.underlying, calendar):
        future = Contract.future(contract.underlying, period)
        yield replace(batch, frame=part, contract=future)


def _by_period(
    frame: pl.DataFrame, underlying: str, calendar: Calendar
) -> Iterator[tuple[str, pl.DataFrame]]:
    import polars as pl

    stamps = frame["timestamp"] if "timestamp" in frame.columns else pl.Series(dtype=pl.Null)
    if not isinstance(stamps.dtype, pl.Datetime):
        raise ReadError(
            "expected a column 'timestamp' of times, which say the month of a future without one; "
            f"found {stamps.dtype}"
        )
    days = stamps.dt.date()
    # A row that is no tick is quarantined later, with those of any month.
    sound = [day for day in days.unique(maintain_order=True) if day and 2000 <= day.year <= 2100]
    periods = {day: nearest_period(underlying, day, calendar) for day in sound}
    if not periods:
        raise ReadError("expected ticks of a future; found no row with a time")
    first = next(iter(periods.values()))
    owners = days.replace_strict(periods, default=first, return_dtype=pl.String)
    for period in owners.unique(maintain_order=True).to_list():
        yield period, frame.filter(owners == period)


def nearest_period(underlying: str, day: dt.date, calendar: Calendar) -> str:
    """The month of the monthly future that expires next, on ``day`` or after it.

    Raises :class:`ReadError` where the calendar does not know it.
    """
    first = day.replace(day=1)
    for _ in range(2):
        period = f"{first:%Y-%m}"
        try:
            if expiry_of(calendar, Contract.future(underlying, period)).date >= day:
                return period
        except CalendarGapError as error:
            raise ReadError(str(error)) from error
        first = (first + dt.timedelta(days=32)).replace(day=1)
    raise ReadError(
        f"expected a monthly expiry of {underlying} within two months of {day}; the calendar has "
        "none"
    )
