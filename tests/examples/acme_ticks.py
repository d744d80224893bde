"""Ticks as Acme Market Data delivers them, and as plain values to check against."""

from __future__ import annotations

import datetime as dt
import gzip
import random
from dataclasses import dataclass
from pathlib import Path

DAYS = (dt.date(2025, 1, 2), dt.date(2025, 1, 3))
INSTRUMENTS = {
    "BANKNIFTY 30JAN25 50000 C": ("CE", 50_000.0, dt.date(2025, 1, 30), "monthly"),
    "BANKNIFTY 30JAN25 50000 P": ("PE", 50_000.0, dt.date(2025, 1, 30), "monthly"),
    "BANKNIFTY 27FEB25 51000 C": ("CE", 51_000.0, dt.date(2025, 2, 27), "monthly"),
}
HEADER = "utc,instrument,ltp,cum_vol,oi,bid,bid_sz,ask,ask_sz"
INDIA = dt.timedelta(hours=5, minutes=30)
TICKS = 1_500


@dataclass(frozen=True)
class Tick:
    """One tick of one contract, on the exchange's clock."""

    timestamp: dt.datetime
    price: float
    volume: int
    bp0: float
    sp0: float

    @property
    def time_of_day(self) -> int:
        """Nanoseconds since midnight."""
        passed = self.timestamp - dt.datetime.combine(self.timestamp, dt.time())
        return (passed // dt.timedelta(microseconds=1)) * 1_000


Ticks = dict[tuple[dt.date, str], list[Tick]]


def make_ticks(seed: int) -> Ticks:
    """A random walk of the premium for each day and instrument."""
    source = random.Random(seed)
    ticks: Ticks = {}
    for day in DAYS:
        for instrument in INSTRUMENTS:
            now = dt.datetime.combine(day, dt.time(9, 15))
            price, volume = 400.0, 0
            rows = ticks.setdefault((day, instrument), [])
            for _ in range(TICKS):
                now += dt.timedelta(milliseconds=source.randrange(0, 25_000))
                price = max(5.0, round(price * (1 + source.gauss(0, 0.003)), 2))
                volume += source.randrange(0, 100)
                rows.append(Tick(now, price, volume, price - 0.25, price + 0.25))
    return ticks


def deliver(ticks: Ticks, folder: Path) -> int:
    """Write Acme's files, one a day, contracts interleaved by time; the number of rows."""
    folder.mkdir()
    for day in DAYS:
        of_day = [
            (tick.timestamp, instrument, tick)
            for (date, instrument), rows in ticks.items()
            if date == day
            for tick in rows
        ]
        lines = [
            f"{(stamp - INDIA).isoformat(timespec='microseconds')}Z,{instrument},{tick.price},"
            f"{tick.volume},,{tick.bp0},25,{tick.sp0},25"
            for stamp, instrument, tick in sorted(of_day, key=lambda each: each[0])
        ]
        text = "\n".join([HEADER, *lines, ""])
        (folder / f"acme_{day:%Y%m%d}_BANKNIFTY.csv.gz").write_bytes(gzip.compress(text.encode()))
    return sum(map(len, ticks.values()))
