"""Volume since the previous tick of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tickloom import PartitionContext, TransformSpec

if TYPE_CHECKING:
    import polars as pl


def apply(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
    """``frame`` with ``vol_delta``: per contract the difference to the previous row's volume.

    0 for a contract's first row, after a reset (a lower volume) and where the previous row has no
    volume; null where the row itself has none. The documented formula, per contract and day.
    """
    import numpy as np
    import polars as pl

    starts = np.fromiter((part.start for part in context.slices), np.int64, len(context.slices))
    first = np.zeros(frame.height, np.bool_)
    first[starts] = True
    volume = pl.col("volume")
    delta = volume - volume.shift(1)
    counted = pl.when(pl.Series(first) | delta.is_null() | (delta < 0)).then(0).otherwise(delta)
    return frame.with_columns(vol_delta=pl.when(volume.is_not_null()).then(counted))


vol_delta: Final = TransformSpec(
    name="vol-delta",
    summary="Adds vol_delta, the volume since the contract's previous tick of the day.",
    phase="partition",
    needs=("volume",),
    gives=("vol_delta",),
    apply=apply,
)
