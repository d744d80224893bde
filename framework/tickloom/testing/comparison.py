"""Where two frames differ, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def first_difference(expected: pl.DataFrame, found: pl.DataFrame) -> str:
    """The first difference in columns, rows, types or values; empty if there is none.

    Nulls equal nulls, NaN equals NaN; text compares by value, not by its physical type.
    """
    import polars as pl

    if expected.columns != found.columns:
        return f"expected the columns {expected.columns}, found {found.columns}"
    if expected.height != found.height:
        return f"expected {expected.height} rows, found {found.height}{_first_row(expected, found)}"
    for column in expected.columns:
        left, right = expected[column], found[column]
        if left.dtype != right.dtype:
            return f"column {column!r}: expected type {left.dtype}, found {right.dtype}"
        if left.dtype == pl.Categorical:
            left, right = left.cast(pl.String), right.cast(pl.String)
        same = left.eq_missing(right)
        if not same.all():
            row = same.arg_min()
            assert row is not None
            return f"row {row}, column {column!r}: expected {left[row]!r}, found {right[row]!r}"
    return ""


def _first_row(expected: pl.DataFrame, found: pl.DataFrame) -> str:
    height = min(expected.height, found.height)
    difference = first_difference(expected.head(height), found.head(height))
    return f"; {difference}" if difference else f"; the first {height} are equal"
