"""Stores whose options and series have everything that a join can stumble over."""

from __future__ import annotations

import datetime as dt
import math
import random
from pathlib import Path

import polars as pl
from tests.oracles.underlying import Tick
from tests.store.store_data import index_of, write_file

from tickloom.contracts import Contract
from tickloom.schema import SORT_KEY, STORED_COLUMNS, Column, polars_schema
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.index import ContractIndex, ContractRows
from tickloom.store.writer import StoreWriter

MONDAY = PartitionKey(dt.date(2025, 8, 4), "BANKNIFTY")
TUESDAY = PartitionKey(dt.date(2025, 8, 5), "BANKNIFTY")
EXPIRIES = (dt.date(2025, 8, 28), dt.date(2025, 9, 30))
STRIKES = (100.0, 102.5, 105.0)
NEVER = dt.date(9999, 12, 31)


def opening(key: PartitionKey) -> dt.datetime:
    return dt.datetime.combine(key.date, dt.time(9, 15))


def moment(rng: random.Random, key: PartitionKey, seconds: int) -> dt.datetime:
    """Quarters of a second, so that stamps meet often and seconds hold several."""
    return opening(key) + dt.timedelta(milliseconds=250 * rng.randrange(4 * seconds))


def option_ticks(rng: random.Random, key: PartitionKey, per_contract: int = 40) -> list[Tick]:
    """Ticks in the store's order; quotes on a coarse grid, so that strikes tie, and some of them
    missing, crossed, zero or NaN. The last strike has no puts."""
    ticks = []
    for expiry in EXPIRIES:
        for right in ("CE", "PE"):
            for strike in STRIKES[: 3 if right == "CE" else 2]:
                for at in sorted(moment(rng, key, 60) for _ in range(per_contract)):
                    bid = rng.choice([2.0, 2.5, 3.0, 3.5])
                    ask = bid + rng.choice([0.0, 0.5, 0.5, 1.0, -0.5])
                    price = rng.choice([bid, ask, None, bid])
                    worse = rng.choice([None, 0.0, math.nan])
                    quotes = rng.choice([(bid, ask)] * 8 + [(worse, ask), (bid, worse)])
                    ticks.append(Tick(at, price, *quotes, expiry, right, strike))
    return ticks


def series_ticks(
    rng: random.Random, key: PartitionKey, expiry: dt.date | None = None
) -> list[Tick]:
    """A series that begins late, has a gap, and holds prices that are none."""
    stamps = sorted(moment(rng, key, 60) for _ in range(120))
    first, gap = opening(key) + dt.timedelta(seconds=5), opening(key) + dt.timedelta(seconds=25)
    usual = [rng.choice([99.5, 101.25, 103.0, 107.5]) for _ in range(6)]
    odd = [None, math.nan, 0.0]
    return [
        Tick(at, rng.choice([*usual, *odd]), expiry=expiry)
        for at in stamps
        if at >= first and not gap <= at < gap + dt.timedelta(seconds=10)
    ]


def option_frame(key: PartitionKey, ticks: list[Tick]) -> pl.DataFrame:
    rows = [
        {
            "timestamp": tick.at,
            "ts": tick.at,
            "price": tick.price,
            "bp0": tick.bid,
            "sp0": tick.ask,
            "expiry": tick.expiry,
            "opt_type": tick.right,
            "strike": tick.strike,
            "expiry_type": "monthly",
            "symbol": f"{key.underlying}{number}",
            "volume": number,
            "vol_delta": number % 4,
            "oi": 100 + number,
        }
        for number, tick in enumerate(ticks)
    ]
    frame = pl.DataFrame(rows, schema=polars_schema(STORED_COLUMNS))
    assert frame.select(SORT_KEY).equals(frame.sort(SORT_KEY, maintain_order=True).select(SORT_KEY))
    return frame


def build(
    path: Path,
    options: dict[PartitionKey, list[Tick]],
    series: dict[PartitionKey, list[Tick]],
) -> Path:
    """A store of them."""
    with StoreWriter.open(path, create=True) as writer:
        for key, ticks in options.items():
            frame = option_frame(key, ticks)
            staged = writer.stage(key)
            write_file(staged, frame)
            writer.commit(key, staged, index_of(frame, key))
        columns = [c for c in STORED_COLUMNS if c.name in ("timestamp", "price")]
        expiring = [*columns, *(c for c in STORED_COLUMNS if c.name == "expiry")]
        wanted: dict[str, list[Column]] = {
            key.series: expiring if key.instrument == "future" else columns for key in series
        }
        if wanted:
            writer.set_series(wanted)
        for key, ticks in series.items():
            names = [column.name for column in wanted[key.series]]
            rows = [{"timestamp": t.at, "price": t.price, "expiry": t.expiry} for t in ticks]
            frame = pl.DataFrame(rows, schema=polars_schema(expiring)).select(names)
            staged = writer.stage(key)
            write_file(staged, frame)
            writer.commit(key, staged, _series_index(key, ticks))
    return path


def _series_index(key: PartitionKey, ticks: list[Tick]) -> ContractIndex:
    contracts: list[ContractRows] = []
    first = 0
    for at in range(1, len(ticks) + 1):
        if at == len(ticks) or ticks[at].expiry != ticks[first].expiry:
            expiry = ticks[first].expiry
            name = (
                Contract.future(key.underlying, f"{expiry:%Y-%m}")
                if expiry
                else Contract.spot(key.underlying)
            )
            contracts.append(
                ContractRows(name, expiry or NEVER, "monthly", "XX", 0.0, first, at - first)
            )
            first = at
    return ContractIndex(tuple(contracts))
