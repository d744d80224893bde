"""Expiry, and whether weekly or monthly, by the reader's calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tickloom import PartitionContext, TransformSpec

if TYPE_CHECKING:
    import polars as pl

KINDS: Final = ("weekly", "monthly")


def apply(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
    """``frame`` with ``expiry``, ``expiry_type``, ``is_monthly`` and ``is_weekly`` of its
    contracts."""
    import numpy as np
    import polars as pl

    rows = np.fromiter((part.rows for part in context.slices), np.int64, len(context.slices))
    of_row = np.repeat(np.arange(len(rows)), rows)
    dates = pl.Series("expiry", [part.expiry.date for part in context.slices], pl.Date)
    kinds = pl.Series("expiry_type", [part.expiry.kind for part in context.slices], pl.Enum(KINDS))
    return frame.with_columns(dates.gather(of_row), kinds.gather(of_row)).with_columns(
        is_monthly=pl.col("expiry_type") == "monthly",
        is_weekly=pl.col("expiry_type") == "weekly",
    )


expiry: Final = TransformSpec(
    name="expiry",
    summary="Adds expiry, expiry_type, is_monthly and is_weekly from the calendar.",
    phase="partition",
    needs=(),
    gives=("expiry", "expiry_type", "is_monthly", "is_weekly"),
    apply=apply,
)
