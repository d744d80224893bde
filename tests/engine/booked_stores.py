"""A packed store of ticks with five levels that are thin, missing, crossed or stale, and the plain
Python account of what the scripted kernels do over it."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from tests.engine.run_stores import build
from tests.oracles.fills import Book, Rules, Tick, run_contract
from tests.packing.raw_files import DAY, write_raw_file

import tickloom
from tickloom.schema import LEVELS
from tickloom.store.layout import PartitionKey

FRIDAY, MONDAY = dt.date(2025, 8, 1), dt.date(2025, 8, 4)

CONTRACTS = {
    (53900, "CE"): (140, 0),
    (53900, "PE"): (1, 90),
    (54000, "CE"): (2, 160),
    (54000, "PE"): (110, 1),
}
"""Strike and right to ticks on Friday and on Monday."""

SIDES = {"b": -1, "s": 1}

MOST = 3
"""The largest position that is wanted, on either side."""


def packed_store(folder: Path, seed: int) -> Path:
    """Two days of :data:`CONTRACTS`, packed from raw files. What the scripted kernels want lies in
    ``qty``; a pack takes no negative quantity, so that it is shifted until then."""
    chance = random.Random(seed)
    for (strike, right), (friday, monday) in CONTRACTS.items():
        ticks = _ticks(chance, friday, 0) + _ticks(chance, monday, 3 * DAY)
        columns = {name: [tick[name] for tick in ticks] for name in ticks[0]}
        times = zip(*(columns.pop(name) for name in ("second", "price", "volume")), strict=True)
        write_raw_file(folder / "raw", list(times), columns, strike=strike, right=right)
    report = tickloom.pack([folder / "raw"], folder / "packed", workers=1, executor="threads")
    assert report.rows_written == sum(sum(ticks) for ticks in CONTRACTS.values())
    frames = {
        PartitionKey(day, "BANKNIFTY"): day_of(folder / "packed", day).with_columns(
            pl.col("qty") - MOST
        )
        for day in (FRIDAY, MONDAY)
    }
    return build(folder / "store", frames)


def _ticks(chance: random.Random, count: int, day: int) -> list[dict[str, Any]]:
    ticks: list[dict[str, Any]] = []
    second, price, volume, wanted = day, 100.0, 0, 0
    for _ in range(count):
        second += chance.choice([0, 0, 1, 2, 3, 9])
        price = max(1.0, round(price + chance.choice([-0.1, -0.05, 0.0, 0.05, 0.1]), 2))
        volume += chance.choice([0, 0, 35, 70])
        wanted = chance.randint(-MOST, MOST) if chance.random() < 0.4 else wanted
        shown = chance.choice([None, 0.0]) if chance.random() < 0.06 else price
        tick = {"second": second, "price": shown, "volume": volume, "qty": wanted + MOST, "oi": 0}
        tick |= _levels(chance, price)
        if ticks and chance.random() < 0.4:  # quotes that may grow stale
            tick |= {name: ticks[-1][name] for name in ("bp0", "sp0")}
        ticks.append(tick)
    return ticks


def _levels(chance: random.Random, price: float) -> dict[str, Any]:
    book: dict[str, Any] = {}
    crossed = 0.3 if chance.random() < 0.06 else 0.0
    for i in LEVELS:
        for side, away in SIDES.items():
            missing = chance.random() < 0.08
            quoted = round(price + away * (0.05 * (1 + i) - crossed), 2)
            book[f"{side}p{i}"] = None if missing else quoted
            book[f"{side}q{i}"] = chance.choice([None, 0, 10, 35, 70, 500])
    return book


def day_of(store: Path, day: dt.date) -> pl.DataFrame:
    """The stored rows of one day."""
    return pl.read_parquet(store / day.isoformat() / "BANKNIFTY" / "part-banknifty-0.parquet")


def moved(frame: pl.DataFrame, day: dt.date, to: dt.date, expiry: dt.date) -> pl.DataFrame:
    """The ticks of ``day`` on another day, of contracts of another expiry."""
    shift = to - day
    nanoseconds = shift.days * 86_400 * 10**9
    return frame.with_columns(
        pl.col("timestamp", "ts", "lastTradeTime") + shift,
        pl.col("timestamp_ns") + nanoseconds,
        pl.lit(expiry).alias("expiry"),
        pl.lit(expiry.month, pl.Int16).alias("month"),
    )


def contracts_of(store: Path) -> Iterator[list[dict[str, Any]]]:
    """The ticks of each contract in the store's order, as any Parquet reader finds them: a price
    that is missing is NaN, any other number 0."""
    for file in sorted(store.glob("*/*/part-*.parquet")):
        frame = pl.read_parquet(file)
        prices = pl.selectors.float().fill_null(math.nan)
        filled = frame.with_columns(prices, pl.selectors.integer().fill_null(0))
        by_contract = filled.group_by("expiry", "opt_type", "strike", maintain_order=True)
        for _, rows in by_contract:
            yield rows.rows(named=True)


def scripted(tick: Tick, position: int) -> int:
    """What the scripted kernels want, where ``oi`` is even."""
    return int(tick["qty"])


def accounts(store: Path, rules: Rules) -> list[tuple[Book, int]]:
    """Each contract's account after its last tick, and the rows skipped."""
    return [run_contract(ticks, scripted, rules) for ticks in contracts_of(store)]
