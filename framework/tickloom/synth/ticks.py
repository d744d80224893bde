"""The ticks of one synthetic contract on one day."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tickloom.schema import LEVELS, RAW_COLUMNS
from tickloom.synth.market import (
    OPEN_SECOND,
    SESSION_SECONDS,
    TICKS_PER_RUPEE,
    Listing,
    fair_prices,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

Columns = dict[str, pa.Array]


def raw_schema() -> pa.Schema:
    """The 52 columns with the types of the vendor's files: wide numbers and plain text."""
    plain = {"symbol": pa.string(), "right": pa.string(), "datetime": pa.timestamp("us")}
    whole = {"int64": pa.int64(), "int16": pa.int64()}
    types = plain | whole | {"float64": pa.float64(), "float32": pa.float64()}
    return pa.schema([(column.name, types[column.type]) for column in RAW_COLUMNS])


def tick_table(
    random: np.random.Generator,
    listing: Listing,
    day: dt.date,
    spot: NDArray[np.float64],
    count: int,
    busy: float,
    previous_close: float | None,
) -> pa.Table:
    """``count`` ticks (at least one) in the raw schema, in time order.

    ``spot`` is the day's path by second. ``busy`` from 0 to 1 makes spreads tighter and trades
    more frequent. Without ``previous_close``, the first fair price stands in.
    """
    seconds = _seconds(random, count)
    fair = fair_prices(listing, day, seconds, spot[seconds])
    bid, ask = _touch(random, fair, busy)
    close = previous_close
    if close is None:
        close = (round(float(fair[0]) * TICKS_PER_RUPEE) + 1) / TICKS_PER_RUPEE
    stamps = np.datetime64(day, "us") + (OPEN_SECOND + seconds) * np.timedelta64(1_000_000, "us")
    columns: Columns = {"timestamp": pa.array(stamps), "ts": pa.array(stamps)}
    columns |= _trades(random, stamps, bid, ask, close, listing.underlying.lot, busy)
    columns |= _interest(random, count, listing.underlying.lot, busy)
    columns |= _book(random, bid, ask, listing.underlying.lot, busy)
    columns |= _contract(listing, count)
    return pa.table(columns).select([column.name for column in RAW_COLUMNS]).cast(raw_schema())


def last_price(table: pa.Table) -> float:
    """The last price that is there: the next day's previous close."""
    return float(table["price"].drop_null()[-1].as_py())


def _seconds(random: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Seconds after the open, in order; half of the ticks crowd around open and close."""
    u = random.random(count)
    crowded = random.random(count) < 0.5
    at = np.where(crowded, 0.5 - 0.5 * np.cos(np.pi * u), u)
    return np.sort((at * (SESSION_SECONDS + 1)).astype(np.int64))


def _touch(
    random: np.random.Generator, fair: NDArray[np.float64], busy: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Best bid and ask in whole price ticks."""
    middle = np.round(fair * (1.0 + random.normal(0.0, 1e-4, fair.size)) * TICKS_PER_RUPEE)
    wider = np.maximum(fair, 0.05) * TICKS_PER_RUPEE * 1.5e-4 * (1.0 + 40.0 * (1.0 - busy) ** 2)
    spread = 1 + random.poisson(wider)
    bid = np.maximum(middle.astype(np.int64) - spread // 2, 1)
    return bid, bid + spread


def _trades(
    random: np.random.Generator,
    stamps: NDArray[np.datetime64],
    bid: NDArray[np.int64],
    ask: NDArray[np.int64],
    close: float,
    lot: int,
    busy: float,
) -> Columns:
    """Prices, quantities and volume: before the day's first trade the price is the last close."""
    count = bid.size
    traded = random.random(count) < 0.1 + 0.4 * busy
    quantity = lot * random.integers(1, 8, count)
    hit = np.where(random.random(count) < 0.5, bid, ask) / TICKS_PER_RUPEE
    last = np.maximum.accumulate(np.where(traded, np.arange(count), -1))
    none = last < 0
    price = np.where(none, close, hit[last])
    volume = np.cumsum(np.where(traded, quantity, 0))
    value = np.cumsum(np.where(traded, quantity * hit, 0.0))
    average = np.round(value / np.maximum(volume, 1), 2)
    lost = random.random(count) < 3e-4
    lost[0] = False
    return {
        "price": pa.array(price, mask=lost),
        "qty": pa.array(quantity[last], mask=none),
        "avgPrice": pa.array(average, mask=none),
        "volume": pa.array(volume),
        "lastTradeTime": pa.array(stamps[last], mask=none),
        "open": pa.array(np.full(count, price[0])),
        "high": pa.array(np.maximum.accumulate(price)),
        "low": pa.array(np.minimum.accumulate(price)),
        "close": pa.array(np.full(count, close)),
        "changeper": pa.array((price - close) / close * 100.0),
    }


def _interest(random: np.random.Generator, count: int, lot: int, busy: float) -> Columns:
    start = int(1 + 20_000 * busy)
    change = random.integers(-2, 3, count) * (random.random(count) < 0.2)
    interest = lot * np.maximum(start + np.cumsum(change), 0)
    return {
        "oi": pa.array(interest, mask=random.random(count) < 1e-3),
        "oiHigh": pa.array(np.maximum.accumulate(interest)),
        "oiLow": pa.array(np.minimum.accumulate(interest)),
    }


def _book(
    random: np.random.Generator,
    bid: NDArray[np.int64],
    ask: NDArray[np.int64],
    lot: int,
    busy: float,
) -> Columns:
    """Five levels a side. The last ones are null where nobody is: below one price tick, and now and
    then in a quiet contract."""
    columns: Columns = {}
    size = (len(LEVELS), bid.size)
    for side, touch, away in (("b", bid, -1), ("s", ask, 1)):
        gaps = random.integers(1, 3, size)
        gaps[0] = 0
        prices = touch + away * np.cumsum(gaps, axis=0)
        quantities = lot * random.integers(1, 60, size)
        orders = random.integers(1, 15, size)
        thin = random.random(bid.size) < 0.05 * (1.0 - busy)
        depth = len(LEVELS) - thin * random.integers(1, len(LEVELS), bid.size)
        for i in LEVELS:
            missing = (prices[i] < 1) | (i >= depth)
            columns[f"{side}p{i}"] = pa.array(prices[i] / TICKS_PER_RUPEE, mask=missing)
            columns[f"{side}q{i}"] = pa.array(quantities[i], mask=missing)
            columns[f"{side}o{i}"] = pa.array(orders[i], mask=missing)
        total = lot * random.integers(500, 5000, bid.size) + quantities.sum(axis=0)
        columns[f"{side}Qty"] = pa.array(total)
    return columns


def _contract(listing: Listing, count: int) -> Columns:
    said: dict[str, Any] = {
        "symbol": listing.symbol,
        "opt_type": listing.right,
        "strike": float(listing.strike),
        "year": listing.month.expiry.year,
        "month": listing.month.expiry.month,
    }
    return {name: pa.repeat(value, count) for name, value in said.items()}
