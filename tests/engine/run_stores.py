"""Stores with contracts of many sizes, nulls, equal neighbours and row groups of any size."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import polars as pl
from tests.store.store_data import index_of, partition_frame, write_file

from tickloom.schema import SORT_KEY, STORED_COLUMNS, polars_schema
from tickloom.store.layout import PartitionKey
from tickloom.store.writer import StoreWriter

MONDAY = PartitionKey(dt.date(2025, 8, 4), "BANKNIFTY")
MONDAY_NIFTY = PartitionKey(dt.date(2025, 8, 4), "NIFTY")
TUESDAY = PartitionKey(dt.date(2025, 8, 5), "BANKNIFTY")


def uneven_frame(key: PartitionKey, seed: int, nulls: bool = True) -> pl.DataFrame:
    """Contracts of 1 to 150 rows, some of them next to one that differs in the expiry alone, with
    tight spreads so that kernels trade, and nulls here and there."""
    rng = random.Random(seed)
    frames = []
    for strike in range(100, 107):
        whole = partition_frame(
            key, seed=rng.randrange(10**6), ticks=rng.choice([1, 2, 30, 150]), strikes=[strike]
        )
        frames.append(whole)
    frame = pl.concat(frames).sort(SORT_KEY, maintain_order=True)
    walk, price = [], 55.0
    for _ in range(frame.height):
        price = max(1.0, round(price + rng.choice([-0.1, -0.05, 0.0, 0.05, 0.1]), 2))
        walk.append(price)
    frame = frame.with_columns(
        price=pl.Series(walk),
        bp0=pl.Series([round(p - 0.01, 2) for p in walk]),
        sp0=pl.Series([round(p + 0.01, 2) for p in walk]),
        volume=pl.Series([rng.randrange(3) for _ in walk]),
    )
    if nulls:
        for column in ("price", "bp0", "volume"):
            gone = pl.Series([rng.random() < 0.05 for _ in walk])
            frame = frame.with_columns(pl.when(~gone).then(pl.col(column)).alias(column))
    return frame.select(polars_schema(STORED_COLUMNS).names())


def build(
    path: Path, frames: dict[PartitionKey, pl.DataFrame], row_group_rows: int = 100_000
) -> Path:
    """A managed store of these partitions."""
    with StoreWriter.open(path, create=True) as writer:
        for key, frame in frames.items():
            staged = writer.stage(key)
            write_file(staged, frame, row_group_rows)
            writer.commit(key, staged, index_of(frame, key))
    return path


def build_foreign(path: Path, frames: dict[PartitionKey, pl.DataFrame]) -> Path:
    """The same partitions as plain files without a manifest."""
    for key, frame in frames.items():
        (path / key.folder).mkdir(parents=True)
        frame.write_parquet(path / key.file())
    return path
