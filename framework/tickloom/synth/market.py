"""The market that synthetic ticks come from: underlyings, contracts, days, spot and fair prices.

Contract months and trading days are the exchange's real ones, so that its calendar dates them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zlib import crc32

import numpy as np

from tickloom.contracts import Right

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPEN_SECOND: Final = (9 * 60 + 15) * 60
"""09:15:00, seconds after midnight."""

SESSION_SECONDS: Final = (6 * 60 + 15) * 60
"""09:15:00 to 15:30:00; both ends have ticks."""

VOLATILITY: Final = 0.13
"""Of every underlying, per year."""

TICKS_PER_RUPEE: Final = 20
"""The tick size is 0.05. Prices are whole ticks divided by this: the nearest double."""

_YEAR_SECONDS: Final = 252 * SESSION_SECONDS
_HOLIDAYS: Final = frozenset({dt.date(2025, 11, 5), dt.date(2025, 12, 25)})


@dataclass(frozen=True, slots=True)
class Underlying:
    """One underlying with listed options."""

    name: str
    """Upper-case symbol."""

    spot: float
    """Opening price of the first day."""

    strike_step: int
    """Distance between strikes, rupees."""

    lot: int
    """Contracts per lot: quantities are whole lots."""


@dataclass(frozen=True, slots=True)
class ContractMonth:
    """One monthly expiry."""

    name: str
    """Year and month as a symbol writes them, e.g. ``25NOV``."""

    expiry: dt.date
    """Last trading day: from September 2025 the month's last Tuesday (NSE circular FAOP68747)."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One listed contract."""

    underlying: Underlying
    """What it is an option on."""

    month: ContractMonth
    """When it expires."""

    strike: int
    """Strike price, rupees."""

    right: Right
    """Call or put."""

    @property
    def symbol(self) -> str:
        """Trading symbol, upper case."""
        return f"{self.underlying.name}{self.month.name}{self.strike}{self.right}"


UNDERLYINGS: Final = (
    Underlying("BANKNIFTY", 57_800.0, 100, 35),
    Underlying("NIFTY", 25_750.0, 50, 75),
)

CONTRACT_MONTHS: Final = (
    ContractMonth("25NOV", dt.date(2025, 11, 25)),
    ContractMonth("25DEC", dt.date(2025, 12, 30)),
)

FIRST_DAY: Final = dt.date(2025, 11, 3)

MOST_DAYS: Final = 16
"""Trading days from :data:`FIRST_DAY` to the first expiry."""


def trading_days(count: int) -> list[dt.date]:
    """The first ``count`` trading days from 3 November 2025."""
    days: list[dt.date] = []
    day = FIRST_DAY
    while len(days) < count:
        if day.weekday() < 5 and day not in _HOLIDAYS:
            days.append(day)
        day += dt.timedelta(days=1)
    return days


def listings(strikes: int) -> Iterator[Listing]:
    """``strikes`` strikes around the opening spot, calls and puts, of every month."""
    for underlying in UNDERLYINGS:
        step = underlying.strike_step * 5
        middle = round(underlying.spot / step) * step
        for month in CONTRACT_MONTHS:
            for i in range(strikes):
                strike = middle + (i - strikes // 2) * step
                yield Listing(underlying, month, strike, "CE")
                yield Listing(underlying, month, strike, "PE")


def generator(seed: int, *words: str) -> np.random.Generator:
    """The random numbers of one thing: the same whatever else is made."""
    return np.random.default_rng([seed, *(crc32(word.encode()) for word in words)])


def spot_paths(seed: int, underlying: Underlying, days: list[dt.date]) -> list[NDArray[np.float64]]:
    """One path a day, ``float64[SESSION_SECONDS + 1]``: the spot at each second."""
    per_second = VOLATILITY / np.sqrt(_YEAR_SECONDS)
    paths = []
    last = underlying.spot
    for day in days:
        random = generator(seed, underlying.name, day.isoformat())
        steps = random.normal(0.0, per_second, SESSION_SECONDS + 1)
        steps[0] = random.normal(0.0, 0.003)  # overnight
        path = last * np.exp(np.cumsum(steps))
        paths.append(path)
        last = float(path[-1])
    return paths


def fair_prices(
    listing: Listing, day: dt.date, seconds: NDArray[np.int64], spot: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Option prices by Bachelier's formula, the normal distribution approximated by tanh.

    ``seconds`` count from the open; ``spot`` is the spot at each of them.
    """
    days_left = np.busday_count(day, listing.month.expiry) + 1
    left = (days_left * SESSION_SECONDS - seconds) / _YEAR_SECONDS
    deviation = listing.underlying.spot * VOLATILITY * np.sqrt(left)
    ahead = spot - listing.strike
    d = ahead / deviation
    below = 0.5 * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (d + 0.044715 * d**3)))
    density = np.exp(-0.5 * d * d) / np.sqrt(2.0 * np.pi)
    call: NDArray[np.float64] = ahead * below + deviation * density
    return call if listing.right == "CE" else call - ahead
