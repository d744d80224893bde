"""The rows of the kernel benchmarks: the same in memory, as the hot tier has them, in Parquet."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import sizes

STORE = Path("ticks")
"""A store without a manifest, of one partition."""


def save_rows(columns: list[str]) -> None:
    """4 M rows of these columns, in the small suite half of them, below the working folder."""
    from tickloom.bench.ticks import make_ticks

    ticks = make_ticks(columns, rows=sizes.scaled(4_000_000))
    np.save("offsets.npy", ticks.offsets)
    for name, values in ticks.columns.items():
        np.save(f"{name}.npy", values)
        np.save(f"{name}-hot.npy", _narrow(values))
    _write_store(ticks.offsets, ticks.columns)


def _narrow(values: Any) -> Any:
    """What the hot tier makes of a column: hundredths, or the smallest integers, of 32 bits."""
    hundredths = np.rint(values * 100) if values.dtype == np.float64 else values
    return hundredths.astype(np.int32 if abs(hundredths).max() < 2**31 else np.int64)


def _write_store(offsets: Any, columns: dict[str, Any]) -> None:
    """The rows as a partition, by the writer that packs: calls by strike, then puts."""
    import polars as pl

    from tickloom import STORED_COLUMNS, WriteSettings
    from tickloom.host import get_host
    from tickloom.schema import polars_schema

    types = polars_schema(STORED_COLUMNS)
    lengths = np.diff(offsets)
    contract = np.repeat(np.arange(len(lengths)), lengths)
    calls = len(lengths) // 2
    tick = np.arange(len(contract)) - np.repeat(offsets[:-1], lengths)
    opening = dt.datetime(2025, 11, 3, 9, 15)
    frame = pl.select(
        timestamp=pl.lit(opening) + pl.duration(milliseconds=pl.Series(tick)),
        expiry=pl.lit(dt.date(2025, 11, 25)),
        expiry_type=pl.lit("monthly"),
        strike=pl.Series(20_000.0 + 50 * (contract % calls)),
        opt_type=pl.Series(np.where(contract < calls, "CE", "PE")),
        **{name: pl.Series(values) for name, values in columns.items()},
    )
    frame = frame.cast({name: types[name] for name in frame.columns})
    file = STORE / f"{opening.date()}" / "NIFTY" / "part-0.parquet"
    file.parent.mkdir(parents=True)
    get_host().writers.get("parquet").write([frame], file, WriteSettings())
