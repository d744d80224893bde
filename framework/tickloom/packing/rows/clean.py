"""The quick look at a batch: clean ones, nearly all, need no judgement row by row.

It may take a clean batch for a suspicious one, never the other way round. Sums and extremes cost
6 ns a row and 0.2 ms a batch, the full judgement 25 ns and 8 ms.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tickloom.contracts import Contract, Expiry
from tickloom.packing.rows.days import EPOCH, FIRST_YEAR, LAST_YEAR, days_of, first_year
from tickloom.schema import PRICE_COLUMNS, QUANTITY_COLUMNS
from tickloom.specs import Calendar

if TYPE_CHECKING:
    import polars as pl

NEGATIVE_ZERO: Final = np.iinfo(np.int64).min
"""The bits of -0.0, as an integer."""


class Batch:
    """Rows, and what was looked up about them: each look at a column takes 0.6 ns a row."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self._extremes: dict[str, tuple[Any, bool]] = {}

    def extremes(self, name: str) -> tuple[Any, bool]:
        """The smallest value of a column of numbers, None without any, and whether all of them are
        finite: a sum shows NaN and infinity."""
        found = self._extremes.get(name)
        if found is None:
            series = self.frame.get_column(name)
            found = self._extremes[name] = (series.min(), math.isfinite(series.sum()))
        return found


def is_clean(
    batch: Batch, contract: Contract, calendar: Calendar, expiry: Expiry | None = None
) -> bool:
    """Is every row of ``batch`` one that the store takes, as far as a quick look tells?"""
    first, last = days_listed(expiry, first_year(contract))
    frame = batch.frame
    return (
        frame["timestamp"].null_count() == 0
        and all(first <= day <= last and is_open(day, calendar) for day in days_of(frame))
        and all(_is_price(*batch.extremes(name)) for name in there(frame, PRICE_COLUMNS))
        and not any(_has_negative(frame[name]) for name in there(frame, QUANTITY_COLUMNS))
        and (contract.instrument != "option" or _is_of(frame, contract))
    )


def there(frame: pl.DataFrame, names: Iterable[str]) -> list[str]:
    """Those of ``names`` that ``frame`` has: the rows of a series lack some."""
    columns = frame.columns
    return [name for name in names if name in columns]


def days_listed(expiry: Expiry | None, earliest: int = FIRST_YEAR) -> tuple[int, int]:
    """The first and the last day on which a contract can trade, as days since 1970; none is before
    the year ``earliest``."""
    start = (dt.date(earliest, 1, 1) - EPOCH).days
    if expiry is None:
        return start, _LAST_DAY
    first = start if expiry.listed is None else (expiry.listed - EPOCH).days
    return max(first, start), min((expiry.date - EPOCH).days, _LAST_DAY)


def is_open(day: int, calendar: Calendar) -> bool:
    """Did the exchange trade on ``day`` since 1970, as far as the calendar knows?"""
    return calendar.is_trading_day(EPOCH + dt.timedelta(days=day)) is not False


_LAST_DAY: Final = (dt.date(LAST_YEAR, 12, 31) - EPOCH).days


def _is_price(smallest: Any, finite: bool) -> bool:
    return finite and (smallest is None or bool(smallest >= 0))


def _has_negative(quantity: pl.Series) -> bool:
    smallest: Any = quantity.min()
    return smallest is not None and smallest < 0


def _is_of(frame: pl.DataFrame, contract: Contract) -> bool:
    strike = frame["strike"]
    expected = float(np.float32(contract.strike))
    if not strike.min() == strike.max() == expected:
        return False
    right = frame["opt_type"]
    if not right.min() == right.max() == contract.right:
        return False
    if contract.kind != "monthly":
        return True
    named = map(int, contract.period.split("-")[:2])
    return all(
        bool(frame[name].min() == frame[name].max() == value)
        for name, value in zip(("year", "month"), named, strict=True)
    )


def crossed_quotes(frame: pl.DataFrame) -> int:
    """How many rows have a best bid above their best ask, both being there."""
    return int(np.count_nonzero(crossed_rows(frame)))


def crossed_rows(frame: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """``bool[rows]``: whose best bid is above their best ask, both being there."""
    if not {"bp0", "sp0"} <= set(frame.columns):
        return np.zeros(frame.height, np.bool_)
    bid, ask = frame["bp0"].to_numpy(), frame["sp0"].to_numpy()
    # Nulls are NaN here, and nothing is above NaN.
    crossed: npt.NDArray[np.bool_] = (bid > ask) & (ask > 0)
    return crossed


def canonical(batch: Batch) -> Batch:
    """``batch`` with one zero and one NaN: rows that compare equal have equal bytes."""

    frame = batch.frame
    uneven = [name for name in _floats(frame) if _is_uneven(frame[name], *batch.extremes(name))]
    if not uneven:
        return batch
    return Batch(frame.with_columns(_even(frame.get_column(name)) for name in uneven))


def _even(series: pl.Series) -> pl.Series:
    # Not series + 0.0, which Polars takes for the series itself.
    return series.set((series == 0).fill_null(False), 0.0).fill_nan(float("nan"))


def _floats(frame: pl.DataFrame) -> list[str]:
    import polars as pl

    types = zip(frame.columns, frame.dtypes, strict=True)
    return [name for name, dtype in types if dtype == pl.Float64]


def _is_uneven(series: pl.Series, smallest: Any, finite: bool) -> bool:
    if not finite:
        return True
    # Prices above zero, nearly all, need no look at their bits: a copy where there are nulls.
    may_be_zero = smallest is not None and smallest <= 0
    return may_be_zero and bool((series.to_numpy().view(np.int64) == NEGATIVE_ZERO).any())
