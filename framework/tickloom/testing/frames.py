"""Seeded sample frames with the store's columns, types, nulls and order."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tickloom.contracts import Contract, Expiry
from tickloom.schema import KINDS, RIGHTS, STORED_COLUMNS, Column, polars_dtype
from tickloom.specs import ContractSlice

if TYPE_CHECKING:
    import polars as pl

DAY = dt.date(2025, 1, 2)
EXPIRY = dt.date(2025, 1, 30)
NULL_SHARE = 0.1


def sample_slices(rows_per_contract: Sequence[int]) -> tuple[ContractSlice, ...]:
    """Contracts in store order that lie one after another, with the given numbers of rows."""
    slices = []
    start = 0
    for i, rows in enumerate(rows_per_contract):
        contract = Contract("BANKNIFTY", "monthly", "2025-01", "CE", 50_000.0 + 100 * i)
        expiry = Expiry(date=EXPIRY, scheduled=EXPIRY, kind="monthly")
        slices.append(ContractSlice(contract=contract, expiry=expiry, start=start, rows=rows))
        start += rows
    return tuple(slices)


def sample_partition(rows_per_contract: Sequence[int], seed: int = 1) -> pl.DataFrame:
    """A partition as the host hands it to a writer: the 58 columns, in the store's order.

    ``price`` and the like hold nulls, timestamps repeat, ``symbol`` is not ASCII alone.
    """
    import polars as pl

    source = random.Random(seed)
    parts = []
    for part in sample_slices(rows_per_contract):
        frame = sample_columns(STORED_COLUMNS, part.rows, source)
        parts.append(
            frame.with_columns(
                frame["timestamp"].sort(),
                pl.lit(f"M&M-É-{part.start}").cast(pl.Categorical()).alias("symbol"),
                pl.lit(part.contract.right, polars_dtype("right")).alias("opt_type"),
                pl.lit(part.contract.strike, pl.Float32()).alias("strike"),
                pl.lit(part.expiry.date).alias("expiry"),
            )
        )
    return pl.concat(parts)


def sample_columns(columns: Sequence[Column], rows: int, source: random.Random) -> pl.DataFrame:
    """Random values of each column's type; a tenth of them null, but never a timestamp."""
    import polars as pl

    return pl.DataFrame(
        [
            pl.Series(
                column.name,
                [
                    None
                    if column.name != "timestamp" and source.random() < NULL_SHARE
                    else _value(column, source)
                    for _ in range(rows)
                ],
                polars_dtype(column.type),
            )
            for column in columns
        ]
    )


def _value(column: Column, source: random.Random) -> Any:
    match column.type:
        case "float64" | "float32":
            return source.randrange(1, 100_000) / 4  # exact in Float32 too
        case "int64":
            return source.randrange(0, 10**12)
        case "int16":
            return source.randrange(1, 13)
        case "datetime":
            opening = dt.datetime.combine(DAY, dt.time(9, 15))
            return opening + dt.timedelta(seconds=source.randrange(0, 22_500))
        case "date":
            return EXPIRY
        case "bool":
            return source.random() < 0.5
        case "symbol":
            return source.choice(("BANKNIFTY25JAN50000CE", "M&M25JAN3000PE"))
        case "right":
            return source.choice(RIGHTS)
        case "kind":
            return source.choice(KINDS)
