"""Volume since the previous tick of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tickloom import PartitionContext, TransformSpec

if TYPE_CHECKING:
    import polars as pl


def apply(frame: pl.DataFrame, context: PartitionContext) -> pl.DataFrame:
    """``frame`` with ``vol_delta``: per contract the difference to the previous row's volume.

    0 for a contract's first row, after a reset (a lower volume), where the previous row has no
    volume, and where the difference is beyond int64, which takes a negative volume; null where the
    row itself has none. The documented formula, per contract and day.
    """
    import polars as pl

    volume = frame["volume"]
    first = pl.zeros(frame.height, pl.Boolean, eager=True)
    if context.slices:
        first = first.scatter([part.start for part in context.slices], True)
    delta = volume.diff()
    # Both: the difference wraps where one of them is near -2**63.
    counted = (volume > volume.shift(1)) & (delta > 0) & ~first
    zero = pl.select(pl.when(volume.is_not_null()).then(pl.lit(0, pl.Int64))).to_series()
    return frame.hstack([delta.zip_with(counted.fill_null(False), zero).alias("vol_delta")])


vol_delta: Final = TransformSpec(
    name="vol-delta",
    summary="Adds vol_delta, the volume since the contract's previous tick of the day.",
    phase="partition",
    needs=("volume",),
    gives=("vol_delta",),
    apply=apply,
    instruments=("option", "future", "spot"),
)
