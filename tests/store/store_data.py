"""Small partitions with known rows, and the plain way to put them into a store."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from tickloom.contracts import Contract
from tickloom.schema import STORED_COLUMNS, polars_schema
from tickloom.specs import WriteSettings
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.formats import format_of
from tickloom.store.partitions.index import ContractIndex, ContractRows
from tickloom.store.writer import StoreWriter

KEY = PartitionKey(dt.date(2025, 8, 1), "BANKNIFTY")
OTHER = PartitionKey(dt.date(2025, 8, 4), "M&M")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def partition_frame(
    key: PartitionKey = KEY, *, seed: int = 1, ticks: int = 40, strikes: Iterable[int] = (100, 200)
) -> pl.DataFrame:
    """Sorted rows of all 58 columns: two expiries, both rights, the strikes, ``ticks`` ticks."""
    rng = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for expiry in (dt.date(2025, 8, 28), dt.date(2025, 9, 30)):
        for right in ("CE", "PE"):
            for strike in strikes:
                rows += _ticks(rng, key, expiry, right, strike, ticks)
    return pl.DataFrame(rows, schema=polars_schema(STORED_COLUMNS))


def _ticks(
    rng: random.Random, key: PartitionKey, expiry: dt.date, right: str, strike: int, ticks: int
) -> Iterable[dict[str, Any]]:
    start = dt.datetime.combine(key.date, dt.time(9, 15))
    name = f"{key.underlying.lower()}{expiry:%y}{_MONTHS[expiry.month - 1]}{strike}{right.lower()}"
    volume = 0
    for at, second in enumerate(sorted(rng.randrange(3600) for _ in range(ticks))):
        when = start + dt.timedelta(seconds=second)
        traded = rng.randrange(5)
        volume += traded
        price = round(rng.uniform(50, 60), 2)
        yield {
            "timestamp": when,
            "ts": when,
            "lastTradeTime": when,
            "timestamp_ns": int((when - dt.datetime(1970, 1, 1)).total_seconds()) * 10**9,
            "price": price,
            "bp0": price - 0.05,
            "sp0": price + 0.05,
            "bq0": rng.randrange(100),
            "sq0": rng.randrange(100),
            "qty": traded,
            "volume": volume,
            "vol_delta": traded if at else 0,
            "changeper": round(rng.uniform(-5, 5), 2),
            "symbol": name,
            "opt_type": right,
            "strike": float(strike),
            "year": expiry.year,
            "month": expiry.month,
            "expiry": expiry,
            "expiry_type": "monthly",
            "is_monthly": True,
            "is_weekly": False,
        }


def index_of(frame: pl.DataFrame, key: PartitionKey = KEY) -> ContractIndex:
    """The contract index of a sorted frame, counted row by row."""
    contracts: list[ContractRows] = []
    keys = frame.select(
        pl.col("expiry"), pl.col("opt_type").cast(pl.String), pl.col("strike")
    ).rows()
    first = 0
    for at in range(1, len(keys) + 1):
        if at == len(keys) or keys[at] != keys[first]:
            expiry, right, strike = keys[first]
            name = Contract(key.underlying, "monthly", f"{expiry:%Y-%m}", right, strike)
            contracts.append(
                ContractRows(name, expiry, "monthly", right, strike, first, at - first)
            )
            first = at
    return ContractIndex(tuple(contracts))


def write_file(path: Path, frame: pl.DataFrame, row_group_rows: int = 100_000) -> None:
    """A partition file, by the writer plugin."""
    settings = WriteSettings(row_group_rows=row_group_rows, metadata={"zone": "Asia/Kolkata"})
    format_of(path).write([frame], path, settings)


def put(writer: StoreWriter, key: PartitionKey, frame: pl.DataFrame) -> None:
    """Stage and commit one partition."""
    staged = writer.stage(key)
    write_file(staged, frame)
    writer.commit(key, staged, index_of(frame, key))


def make_store(path: Path, frames: dict[PartitionKey, pl.DataFrame]) -> None:
    """A store with these partitions."""
    with StoreWriter.open(path, create=True) as writer:
        for key, frame in frames.items():
            put(writer, key, frame)
