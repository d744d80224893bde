"""Casts into the store's types that lose nothing, or say what they would lose."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tickloom import ReadError

if TYPE_CHECKING:
    import polars as pl


def extra_dtype(series: pl.Series) -> pl.DataType:
    """The widest type of the family of a vendor's own column: one type however it was read."""
    import polars as pl

    dtype = series.dtype
    if dtype.is_integer():
        return pl.Int64()
    if dtype.is_float():
        return pl.Float64()
    if isinstance(dtype, pl.Datetime):
        return pl.Datetime("us")
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return pl.String()
    if isinstance(dtype, pl.Boolean | pl.Date | pl.Null):
        return dtype
    raise ReadError(
        f"column {series.name!r} is of type {dtype}; expected numbers, text, true/false, dates or "
        "times without a zone"
    )


def cast(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    """``series`` as ``dtype``; raises :class:`ReadError` where a value does not fit."""
    import polars as pl

    if series.dtype == dtype:
        return series
    if dtype == pl.Float64 and series.dtype in (pl.Float32, pl.Float16):
        return widened(series)
    if isinstance(dtype, pl.Datetime):
        _check_time(series)
    if dtype.is_integer() and series.dtype.is_float():
        # A float column of whole numbers is how pandas stores integers with gaps: NaN is null.
        series = series.fill_nan(None)
        _check_whole(series)
    if isinstance(dtype, pl.Enum):
        if isinstance(series.dtype, pl.Categorical | pl.String):
            with suppress(pl.exceptions.PolarsError):
                return series.cast(dtype)  # nearly always: no need to look at the values first
        series = _as_category(series, dtype.categories.to_list())
    try:
        if dtype.is_numeric() and isinstance(series.dtype, pl.Categorical | pl.Enum):
            series = series.cast(pl.String)
        return series.cast(dtype)
    except pl.exceptions.PolarsError as error:
        raise ReadError(_misfit(series, dtype, str(error).splitlines()[0])) from error


def widened(series: pl.Series) -> pl.Series:
    """Half and single precision as Float64 of the shortest decimal that they stand for: 101.1, not
    101.0999984741211. A vendor's copy in fewer bits is then equal to the one in more."""
    import numpy as np
    import polars as pl

    wide = series.cast(pl.Float64)
    if isinstance(series.dtype, pl.Float16):
        text = pl.Series(series.name, [None if v is None else str(np.float16(v)) for v in series])
    else:
        text = series.cast(pl.String)
    is_whole = (wide == wide.floor()).fill_null(False)
    return wide.zip_with(is_whole, text.cast(pl.Float64))


def _misfit(series: pl.Series, dtype: pl.DataType, found: str) -> str:
    """Which value does not fit; what Polars ``found`` where it is the type."""
    import polars as pl

    with suppress(pl.exceptions.PolarsError):
        broken = series.filter(series.cast(dtype, strict=False).is_null() & series.is_not_null())
        if len(broken):
            found = f"{broken[0]!r}{_others(len(broken) - 1)}"
    return f"column {series.name!r} of type {series.dtype} does not fit {dtype}: found {found}"


def _check_time(series: pl.Series) -> None:
    import polars as pl

    if isinstance(series.dtype, pl.Datetime):
        zone = series.dtype.time_zone
        if zone is None:
            return
        raise ReadError(
            f"column {series.name!r} has the time zone {zone}; expected the exchange's wall clock "
            "without a zone"
        )
    if not isinstance(series.dtype, pl.Date | pl.Null):
        raise ReadError(
            f"column {series.name!r} is of type {series.dtype}; expected a date and time without "
            "a zone"
        )


def _check_whole(series: pl.Series) -> None:
    broken = series.filter((series != series.floor()) | series.is_infinite())
    if len(broken):
        raise ReadError(
            f"column {series.name!r} holds {broken[0]}{_others(len(broken) - 1)}; expected whole "
            "numbers"
        )


def _as_category(series: pl.Series, categories: list[str]) -> pl.Series:
    """``series`` in the categories' case: vendors write ``ce`` for ``CE``."""
    import polars as pl

    found = series.unique().drop_nulls().cast(pl.String).sort()
    if found.is_in(categories).all():
        return series
    unknown = [value for value in found if value.upper() not in categories]
    if unknown:
        raise ReadError(
            f"column {series.name!r} holds {unknown[0]!r}{_others(len(unknown) - 1)}; expected "
            f"{' or '.join(categories)}"
        )
    return series.cast(pl.String).str.to_uppercase()


def _others(count: int) -> str:
    return f" and {count} more" if count else ""
