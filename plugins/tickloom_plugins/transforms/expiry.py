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
    import polars as pl

    days, kinds = [], []
    for part in context.slices:
        days.append(pl.Series("expiry", [part.expiry.date]).new_from_index(0, part.rows))
        kind = pl.Series("expiry_type", [part.expiry.kind], pl.Enum(KINDS))
        kinds.append(kind.new_from_index(0, part.rows))
    kind = pl.concat(kinds) if kinds else pl.Series("expiry_type", [], pl.Enum(KINDS))
    day = pl.concat(days) if days else pl.Series("expiry", [], pl.Date)
    is_monthly = kind.to_physical() == KINDS.index("monthly")
    return frame.hstack(
        [day, kind, is_monthly.alias("is_monthly"), (~is_monthly).alias("is_weekly")]
    )


expiry: Final = TransformSpec(
    name="expiry",
    summary="Adds expiry, expiry_type, is_monthly and is_weekly from the calendar.",
    phase="partition",
    needs=(),
    gives=("expiry", "expiry_type", "is_monthly", "is_weekly"),
    apply=apply,
)
