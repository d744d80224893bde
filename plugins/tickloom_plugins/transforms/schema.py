"""The store's types: every raw column, in order, with the type that it has on disk."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tickloom import (
    RAW_COLUMNS,
    STORED_COLUMNS,
    Column,
    Contract,
    PartitionContext,
    ReadError,
    TransformSpec,
)
from tickloom_plugins.transforms.casting import cast, extra_dtype, store_dtype

if TYPE_CHECKING:
    import polars as pl

REQUIRED: Final = ("timestamp", "price")
"""Columns that neither the trading symbol nor a null can stand in for."""

RAW_NAMES: Final = frozenset(column.name for column in RAW_COLUMNS)
COMPUTED_NAMES: Final = frozenset(column.name for column in STORED_COLUMNS) - RAW_NAMES

NANOSECONDS: Final = 1_000
"""Nanoseconds per microsecond."""


def apply(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
    """``frame`` with the 52 raw columns first, in order and typed, then its extra columns by name,
    then ``timestamp_ns``.

    What the trading symbol says fills a missing ``symbol``, ``opt_type``, ``strike``, ``year`` or
    ``month``, and their nulls; other missing columns are null. Raises :class:`ReadError` where a
    required column is missing or a value does not fit its type.
    """
    import polars as pl

    _check_names(frame.columns)
    named = _named(context.symbol, context.slices[0].contract)
    columns = [_typed(frame, column, named.get(column.name)) for column in RAW_COLUMNS]
    for name in sorted(set(frame.columns) - RAW_NAMES):
        columns.append(cast(frame[name], extra_dtype(frame[name])))
    stamps = columns[0].cast(pl.Int64) * NANOSECONDS
    return pl.DataFrame([*columns, stamps.alias("timestamp_ns")])


def _check_names(names: list[str]) -> None:
    for name in REQUIRED:
        if name not in names:
            found = ", ".join(each for each in names if not each.startswith("__")) or "none"
            raise ReadError(f"expected a column {name!r}; found the columns: {found}")
    taken = sorted(COMPUTED_NAMES & set(names))
    if taken:
        raise ReadError(
            f"the store computes the columns {', '.join(taken)} itself; rename them in the file"
        )


def _named(symbol: str, contract: Contract) -> dict[str, str | float | int]:
    """What the trading symbol says, by column."""
    year, month = contract.period.split("-")[:2]
    return {
        "symbol": symbol,
        "opt_type": contract.right,
        "strike": contract.strike,
        "year": int(year),
        "month": int(month),
    }


def _typed(frame: pl.DataFrame, column: Column, default: str | float | int | None) -> pl.Series:
    if column.name not in frame.columns:
        return _constant(column, default).new_from_index(0, frame.height)
    series = cast(frame[column.name], store_dtype(column))
    if default is None or not series.null_count():
        return series
    filling = _constant(column, default).new_from_index(0, frame.height)
    return series.zip_with(series.is_not_null(), filling)


@lru_cache(maxsize=1024)
def _constant(column: Column, value: str | float | int | None) -> pl.Series:
    """One row; kept, since a vendor that lacks columns lacks them in every batch."""
    import polars as pl

    if value is None:
        return pl.Series(column.name, [None], store_dtype(column))
    return pl.Series(column.name, [value]).cast(store_dtype(column))


schema: Final = TransformSpec(
    name="schema",
    summary="Gives every column the store's type and adds timestamp_ns.",
    phase="batch",
    needs=(),
    gives=("timestamp_ns",),
    updates=tuple(column.name for column in RAW_COLUMNS),
    apply=apply,
)
