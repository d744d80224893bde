"""``changeper`` to two decimals: vendors deliver one value with different noise behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tickloom import PartitionContext, TransformSpec

if TYPE_CHECKING:
    import polars as pl

DECIMALS: Final = 2


def apply(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
    """``frame`` with ``changeper`` rounded to two decimals, half to even."""
    import polars as pl

    if frame["changeper"].null_count() == frame.height:
        return frame  # a vendor without it: 3,377 small contracts took 5% longer
    return frame.with_columns(pl.col("changeper").round(DECIMALS))


changeper: Final = TransformSpec(
    name="changeper",
    summary="Rounds changeper to 2 decimals.",
    phase="batch",
    needs=("changeper",),
    gives=(),
    updates=("changeper",),
    apply=apply,
    many_contracts=True,
    instruments=("option", "future", "spot"),
)
