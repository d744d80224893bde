"""Which rows the store takes, and why it does not take the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from tickloom.contracts import Contract
from tickloom.schema import PRICE_COLUMNS
from tickloom.specs import Calendar

if TYPE_CHECKING:
    import polars as pl

FIRST_YEAR: Final = 2010
LAST_YEAR: Final = 2100
EPOCH_YEAR: Final = 1970
REASON: Final = "reason"
"""Column of the quarantine file that says why a row is there."""


def split_rows(
    frame: pl.DataFrame, contract: Contract, calendar: Calendar
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The rows of ``frame`` that the store takes, and the others with their ``reason``, or None
    where it takes all. Both keep the vendor's order."""
    import polars as pl

    checks = list(_checks(frame, contract, calendar))
    failed = frame.select(
        condition.any().alias(str(i)) for i, (condition, _) in enumerate(checks)
    ).row(0)
    found = [check for check, fails in zip(checks, failed, strict=True) if fails]
    if not found:
        return frame, None
    reason = pl.coalesce(
        *(pl.when(condition).then(pl.lit(text)) for condition, text in found)
    ).alias(REASON)
    judged = frame.with_columns(reason)
    good = judged.filter(pl.col(REASON).is_null()).drop(REASON)
    return good, judged.filter(pl.col(REASON).is_not_null())


def crossed_quotes(frame: pl.DataFrame) -> int:
    """Rows whose best bid is above their best ask, both being there."""
    import polars as pl

    bid, ask = pl.col("bp0"), pl.col("sp0")
    crossed = frame.select(((bid > ask) & (ask > 0)).sum()).item()
    return int(crossed)


def _checks(
    frame: pl.DataFrame, contract: Contract, calendar: Calendar
) -> Iterator[tuple[pl.Expr, str]]:
    """Conditions that a bad row meets, true or false and never null, with the reason."""
    import polars as pl

    timestamp = pl.col("timestamp")
    year = timestamp.dt.year()
    yield timestamp.is_null(), "timestamp is null"
    yield (year == EPOCH_YEAR).fill_null(False), "timestamp is in 1970: a missing time"
    yield (
        ((year < FIRST_YEAR) | (year > LAST_YEAR)).fill_null(False),
        f"timestamp is outside {FIRST_YEAR}-{LAST_YEAR}",
    )
    for day in _closed_days(frame, calendar):
        yield (timestamp.dt.date() == day).fill_null(False), f"{day} is no trading day"
    for name in PRICE_COLUMNS:
        price = pl.col(name)
        yield (~price.is_finite()).fill_null(False), f"{name} is not finite"
        yield (price < 0).fill_null(False), f"{name} is negative"
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


def _closed_days(frame: pl.DataFrame, calendar: Calendar) -> list[dt.date]:
    """Days of ``frame``, within the years that the store takes, on which nobody traded."""
    days = frame["timestamp"].dt.date().drop_nulls().unique().sort().to_list()
    return [
        day
        for day in days
        if FIRST_YEAR <= day.year <= LAST_YEAR and calendar.is_trading_day(day) is False
    ]
