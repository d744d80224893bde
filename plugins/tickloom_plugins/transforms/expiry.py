"""Expiry, and whether weekly or monthly, by the reader's calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tickloom import PartitionContext, TransformSpec, polars_dtype

if TYPE_CHECKING:
    import polars as pl


def apply(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
    """``frame`` with ``expiry``, ``expiry_type``, ``is_monthly`` and ``is_weekly`` of its
    contracts."""
    import numpy as np
    import polars as pl

    contracts = pl.DataFrame(
        {
            "expiry": [part.expiry.date for part in context.slices],
            "expiry_type": [part.expiry.kind for part in context.slices],
            "is_monthly": [part.expiry.kind == "monthly" for part in context.slices],
        },
        schema={"expiry": pl.Date, "expiry_type": polars_dtype("kind"), "is_monthly": pl.Boolean},
    ).with_columns(is_weekly=~pl.col("is_monthly"))
    rows = [part.rows for part in context.slices]
    return frame.hstack(contracts[np.repeat(np.arange(len(rows)), rows)])


expiry: Final = TransformSpec(
    name="expiry",
    summary="Adds expiry, expiry_type, is_monthly and is_weekly from the calendar.",
    phase="partition",
    needs=(),
    gives=("expiry", "expiry_type", "is_monthly", "is_weekly"),
    apply=apply,
    instruments=("option", "future"),
)
