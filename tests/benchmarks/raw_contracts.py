"""Small raw folders for the yardsticks: one file a contract, all 52 columns, seeded."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import polars as pl

from tickloom import RAW_COLUMNS
from tickloom.schema import polars_dtype

MONTHS = {"aug": 8, "sep": 9}
EXPIRIES = {(2025, 8): dt.date(2025, 8, 28), (2025, 9): dt.date(2025, 9, 30)}
DAYS = (dt.date(2025, 8, 4), dt.date(2025, 8, 5))


def write_raw_folder(
    folder: Path, seed: int, *, months: tuple[str, ...] = ("aug", "sep"), strikes: int = 3
) -> None:
    """Contracts of BANKNIFTY over two days: some null prices, several ticks in one second."""
    rng = random.Random(seed)
    folder.mkdir(parents=True)
    for month in months:
        for strike in range(55_000, 55_000 + 100 * strikes, 100):
            for right in ("CE", "PE"):
                symbol = f"banknifty25{month}{strike}{right.lower()}"
                rows = [row for day in DAYS for row in _day(rng, day, symbol, month, strike, right)]
                schema = {column.name: _raw_dtype(column.name) for column in RAW_COLUMNS}
                pl.DataFrame(rows, schema=schema).write_parquet(folder / f"{symbol}.parquet")


def _raw_dtype(name: str) -> pl.DataType:
    if name in ("symbol", "opt_type"):
        return pl.String()
    if name in ("strike", "year", "month"):
        return pl.Int64()
    return polars_dtype(next(column.type for column in RAW_COLUMNS if column.name == name))


def _day(
    rng: random.Random, day: dt.date, symbol: str, month: str, strike: int, right: str
) -> list[dict[str, object]]:
    time = dt.datetime.combine(day, dt.time(9, 15))
    price = rng.uniform(300, 600)
    volume = 0
    rows: list[dict[str, object]] = []
    for _ in range(rng.randrange(1, 200)):
        time += dt.timedelta(seconds=rng.choice((0, 1, 1, 2)))
        price = max(1.0, price * (1 + rng.gauss(0, 0.002)))
        volume += rng.randrange(0, 3)
        half_spread = price * rng.choice((1e-4, 2e-4, 4e-4))
        rows.append(
            {column.name: 0 for column in RAW_COLUMNS}
            | {
                "timestamp": time,
                "ts": time,
                "lastTradeTime": time,
                "price": None if rows and rng.random() < 0.01 else price,
                "bp0": price - half_spread,
                "sp0": None if rng.random() < 0.02 else price + half_spread,
                "volume": volume,
                "changeper": rng.uniform(-5, 5),
                "symbol": symbol,
                "opt_type": right,
                "strike": strike,
                "year": 2025,
                "month": MONTHS[month],
            }
        )
    return rows
