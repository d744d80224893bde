"""Raw files of the 52 columns, from a few numbers a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tickloom.schema import LEVELS

OPEN = dt.datetime(2025, 8, 1, 9, 15)
"""A Friday on which NSE trades."""

DAY = 86_400
"""Seconds from one day to the next; from Friday three of them lead to Monday."""

Tick = tuple[int, float | None, int | None]
"""Seconds after :data:`OPEN`, price, cumulative volume."""


def raw_frame(
    ticks: Sequence[Tick],
    columns: Mapping[str, Any] | None = None,
    *,
    strike: float = 54000.0,
    right: str = "CE",
) -> pl.DataFrame:
    """The ticks of one contract of August 2025; ``columns`` replace or add whole columns."""
    times = [OPEN + dt.timedelta(seconds=tick[0]) for tick in ticks]
    price = pl.Series([tick[1] for tick in ticks], dtype=pl.Float64)
    volume = pl.Series([tick[2] for tick in ticks], dtype=pl.Int64)
    data: dict[str, Any] = {
        "timestamp": times,
        "price": price,
        "qty": 15,
        "avgPrice": price,
        "volume": volume,
        "bQty": 100,
        "sQty": 200,
        "open": 1.0,
        "high": 9.0,
        "low": 0.5,
        "close": 2.0,
        "changeper": 1.23456,
        "lastTradeTime": times,
        "oi": 10,
        "oiHigh": 11,
        "oiLow": 9,
    }
    for i in LEVELS:
        data |= {f"bq{i}": 15, f"bp{i}": 1.0 - i / 10, f"bo{i}": 1}
        data |= {f"sq{i}": 15, f"sp{i}": 1.5 + i / 10, f"so{i}": 1}
    symbol = f"BANKNIFTY25AUG{strike:g}{right}"
    data |= {"symbol": symbol, "opt_type": right, "strike": strike, "year": 2025, "month": 8}
    data |= {"ts": times} | dict(columns or {})
    return pl.select(
        pl.lit(value).alias(name) if not isinstance(value, list) else pl.Series(name, value)
        for name, value in data.items()
    )


def write_raw_file(
    folder: Path,
    ticks: Sequence[Tick],
    columns: Mapping[str, Any] | None = None,
    *,
    strike: float = 54000.0,
    right: str = "CE",
) -> Path:
    """A raw file of :func:`raw_frame`, named like the vendor's."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"banknifty25aug{strike:g}{right.lower()}.parquet"
    raw_frame(ticks, columns, strike=strike, right=right).write_parquet(
        path, compression="uncompressed"
    )
    return path


def data_files(store: Path) -> dict[str, bytes]:
    """The store's partition files and contract indexes by their relative path."""
    paths = [*store.glob("*/*/part-*"), *store.glob("_tickloom/index/*/*")]
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in sorted(paths)}


def stored(store: Path) -> pl.DataFrame:
    """All rows of the store, partition by partition."""
    return pl.concat([pl.read_parquet(path) for path in sorted(store.glob("*/*/part-*"))])
