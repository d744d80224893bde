"""The documented packing script, version 2: a folder in memory, sorted, one file per date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

PRICES: Final = (
    *("price", "avgPrice", "open", "high", "low", "close"),
    *(f"{side}p{level}" for level in range(5) for side in "bs"),
)
QUANTITIES: Final = (
    *("volume", "qty", "bQty", "sQty", "oi", "oiHigh", "oiLow"),
    *(f"{side}{what}{level}" for level in range(5) for side in "bs" for what in "qo"),
)
SORT_KEY: Final = ("expiry", "opt_type", "strike", "timestamp")

MonthlyExpiries = Mapping[tuple[int, int], dt.date]
"""Contract year and month to the day when that month's contract expires."""


def pack_folder(
    folder: Path, output: Path, underlying: str, monthly_expiries: MonthlyExpiries
) -> int:
    """Pack the files of ``underlying`` in ``folder`` and return the number of rows written.

    Every contract is taken for its month's monthly one, and a day that a former folder wrote is
    overwritten, as documented.
    """
    files = sorted(folder.glob(f"{underlying.lower()}[0-9]*.parquet"))
    combined = pl.concat([pl.read_parquet(file) for file in files], how="vertical_relaxed")
    combined = _with_store_types(combined)
    combined = _with_expiry(combined, underlying, monthly_expiries)
    combined = _with_vol_delta(combined)
    combined = combined.sort(SORT_KEY, maintain_order=True)
    for date in combined["date"].unique().sort():
        partition = combined.filter(pl.col("date") == date).drop("date", "underlying")
        target = output / date.isoformat() / underlying / f"part-{underlying.lower()}-0.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        partition.write_parquet(target, compression="zstd", statistics=True, row_group_size=100_000)
    return combined.height


def _with_store_types(df: pl.DataFrame) -> pl.DataFrame:
    return df.with_columns(
        pl.col(PRICES).cast(pl.Float64),
        pl.col(QUANTITIES).cast(pl.Int64),
        pl.col("symbol", "opt_type").cast(pl.Categorical),
        pl.col("strike").cast(pl.Float32),
        pl.col("year", "month").cast(pl.Int16),
        pl.col("changeper").round(2),
        timestamp_ns=pl.col("timestamp").cast(pl.Datetime("ns")).cast(pl.Int64),
        date=pl.col("timestamp").dt.date(),
    )


def _with_expiry(
    df: pl.DataFrame, underlying: str, monthly_expiries: MonthlyExpiries
) -> pl.DataFrame:
    calendar = pl.DataFrame(
        {
            "lookup_key": [f"{underlying}_monthly_{y}-{m:02}" for y, m in monthly_expiries],
            "expiry": list(monthly_expiries.values()),
        },
        schema={"lookup_key": pl.String, "expiry": pl.Date},
    )
    key = pl.concat_str(
        pl.lit(f"{underlying}_monthly_"),
        pl.col("year").cast(pl.String),
        pl.lit("-"),
        pl.col("month").cast(pl.String).str.zfill(2),
    )
    joined = df.with_columns(lookup_key=key).join(
        calendar, on="lookup_key", how="left", maintain_order="left"
    )
    return joined.drop("lookup_key").with_columns(
        underlying=pl.lit(underlying),
        expiry_type=pl.lit("monthly").cast(pl.Categorical),
        is_monthly=pl.lit(True),
        is_weekly=pl.lit(False),
    )


def _with_vol_delta(df: pl.DataFrame) -> pl.DataFrame:
    before = pl.col("volume").shift(1).over("strike", "opt_type")
    delta = pl.col("volume") - before
    return df.with_columns(vol_delta=pl.when(delta < 0).then(0).otherwise(delta).fill_null(0))
