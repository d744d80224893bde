"""Which rows the store takes, and why it does not take the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tickloom.contracts import Contract, Expiry
from tickloom.packing.rows.clean import Batch, is_clean, there
from tickloom.packing.rows.days import EPOCH, LAST_YEAR, first_year
from tickloom.schema import PRICE_COLUMNS, QUANTITY_COLUMNS
from tickloom.specs import Calendar

if TYPE_CHECKING:
    import polars as pl

REASON: Final = "reason"
"""Column of the quarantine file that says why a row is there."""


def split_rows(
    batch: Batch,
    contract: Contract,
    calendar: Calendar,
    others: Sequence[str] = (),
    expiry: Expiry | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The rows of ``batch`` that the store takes, and the others with their ``reason``, or None
    where it takes all. Both keep the vendor's order. ``others`` are the symbols of its rows that
    name other contracts; ``expiry`` is the contract's, before and after which it does not trade."""
    import polars as pl

    frame = batch.frame
    if not others and is_clean(batch, contract, calendar, expiry):
        return frame, None
    reason = pl.coalesce(
        pl.when(condition).then(pl.lit(text))
        for condition, text in _checks(frame, contract, calendar, others, expiry)
    )
    judged = frame.with_columns(reason.alias(REASON))
    bad = judged.filter(pl.col(REASON).is_not_null())
    if not bad.height:
        return frame, None
    return judged.filter(pl.col(REASON).is_null()).drop(REASON), bad


def _checks(
    frame: pl.DataFrame,
    contract: Contract,
    calendar: Calendar,
    others: Sequence[str],
    expiry: Expiry | None,
) -> Iterator[tuple[pl.Expr, str]]:
    """Conditions that a bad row meets, true or false and never null, with the reason."""
    import polars as pl

    timestamp = pl.col("timestamp")
    year = timestamp.dt.year()
    yield timestamp.is_null(), "timestamp is null"
    yield (year == EPOCH.year).fill_null(False), "timestamp is in 1970: a missing time"
    earliest = first_year(contract)
    yield (
        ((year < earliest) | (year > LAST_YEAR)).fill_null(False),
        f"timestamp is outside {earliest}-{LAST_YEAR}",
    )
    for day in _closed_days(frame, calendar, earliest):
        yield (timestamp.dt.date() == day).fill_null(False), f"{day} is no trading day"
    if expiry is not None:
        date = timestamp.dt.date()
        yield (
            (date > expiry.date).fill_null(False),
            f"a tick after the contract's expiry, {expiry.date}: nothing trades then",
        )
        if expiry.listed is not None:
            yield (
                (date < expiry.listed).fill_null(False),
                f"a tick before {expiry.listed}: no contract that expires on {expiry.date} is "
                "listed so long before",
            )
    for name in there(frame, PRICE_COLUMNS):
        price = pl.col(name)
        yield (~price.is_finite()).fill_null(False), f"{name} is not finite"
        yield (price < 0).fill_null(False), f"{name} is negative"
    for name in there(frame, QUANTITY_COLUMNS):
        yield (pl.col(name) < 0).fill_null(False), f"{name} is negative"
    for symbol in others:
        yield (
            (pl.col("symbol").cast(pl.String) == symbol).fill_null(False),
            f"symbol names another contract than its batch: {symbol}",
        )
    if contract.instrument != "option":
        return
    strike = pl.lit(contract.strike, pl.Float32)
    yield (
        (pl.col("opt_type") != contract.right) | (pl.col("strike") != strike),
        f"opt_type or strike is not that of the name: {contract.right} {contract.strike:g}",
    )
    if contract.kind == "monthly":
        year_named, month_named = map(int, contract.period.split("-")[:2])
        yield (
            ((pl.col("year") != year_named) | (pl.col("month") != month_named)).fill_null(False),
            f"year or month is not that of the name: {contract.period}",
        )


def _closed_days(frame: pl.DataFrame, calendar: Calendar, earliest: int) -> list[dt.date]:
    """Days of ``frame``, within the years that the store takes, on which nobody traded."""
    days = frame["timestamp"].dt.date().drop_nulls().unique().sort().to_list()
    return [
        day
        for day in days
        if earliest <= day.year <= LAST_YEAR and calendar.is_trading_day(day) is False
    ]
