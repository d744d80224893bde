"""A vendor's own column of expiries: the store computes its own, so it is compared and left out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from tickloom.contracts import Contract, Expiry
from tickloom.packing.rows.checks import REASON

if TYPE_CHECKING:
    import polars as pl

COLUMN: Final = "expiry"

_DATE_FORMS: Final = (
    "%Y-%m-%d", "%d-%b-%Y", "%d%b%Y", "%d%b%y", "%d-%m-%Y", "%d/%m/%Y", "%Y%m%d",
    "%Y-%m-%d %H:%M:%S",
)  # fmt: skip


def without_expiry(
    frame: pl.DataFrame, contract: Contract, expiry: Expiry
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """``frame`` without its column ``expiry``, and the rows in which that says another day than the
    contract's, with their ``reason``. A column that says no days is left to the transforms."""
    import polars as pl

    if COLUMN not in frame.columns:
        return frame, None
    said = {value: day_of(value) for value in frame[COLUMN].drop_nulls().unique().to_list()}
    if any(day is None for day in said.values()):
        return frame, None
    wrong = [value for value, day in said.items() if day not in days_of_expiry(contract, expiry)]
    if not wrong:
        return frame.drop(COLUMN), None
    is_wrong = frame[COLUMN].is_in(pl.Series(wrong, dtype=frame[COLUMN].dtype)).fill_null(False)
    reason = f"its column {COLUMN} says another day than that of the name: {expiry.date}"
    bad = frame.filter(is_wrong).with_columns(pl.lit(reason).alias(REASON))
    return frame.filter(~is_wrong).drop(COLUMN), bad


def days_of_expiry(contract: Contract, expiry: Expiry) -> set[dt.date]:
    """The days that a vendor may call the contract's expiry: the last trading day, the scheduled
    one, and the one in its name."""
    days = {expiry.date, expiry.scheduled}
    if len(contract.period) == 10:
        days.add(dt.date.fromisoformat(contract.period))
    return days


def day_of(value: object) -> dt.date | None:
    """The day that a vendor's value says; None where it says none."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    for form in _DATE_FORMS if isinstance(value, str | int) else ():
        try:
            return dt.datetime.strptime(str(value).strip(), form).date()
        except ValueError:
            continue
    return None
