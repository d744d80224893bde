"""US equity options: the name states the expiry, the third Friday makes it a monthly."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from tickloom import (
    CalendarGapError,
    Contract,
    Expiry,
    Kind,
    NameReading,
    Right,
    Session,
    UsageError,
)
from tickloom_calendars.tables import table_text
from tickloom_calendars.trading_hours import TABLES
from tickloom_calendars.us_hours import UsHours

_OCC: Final = re.compile(r"([A-Z0-9.]{1,6}?) *(\d\d)(\d\d)(\d\d)([CP])(\d{8})")
_MEANING: Final = "2"

INDICES: Final = frozenset(
    {"SPX", "SPXW", "SPXPM", "XSP", "NANOS", "NDX", "NDXP", "XND"}
    | {"RUT", "RUTW", "MRUT", "DJX", "VIX", "VIXW", "OEX", "XEO"}
)
"""Roots of options on indices."""

EQUITY_LISTING: Final = timedelta(days=39 * 31)
"""LEAPS on stocks and funds are listed up to 39 months ahead (Cboe, Equity LEAPS specifications):
no contract on one is listed longer, whatever its kind."""

INDEX_LISTING: Final = timedelta(days=180 * 31)
"""LEAPS on indices may be listed up to 180 months ahead (Cboe Rule 4.13)."""

_DAY: Final = timedelta(days=1)


class UsOptionsCalendar:
    """Reads OCC symbols, ``GOOG  151224C01000000``: underlying, YYMMDD, right, strike x 1000.

    A contract's period is the date in its name, and that is its expiry.
    """

    version = hashlib.sha256(
        "\0".join((f"us-options {_MEANING}", *map(table_text, ("us_days.csv", *TABLES)))).encode()
    ).hexdigest()[:16]

    def __init__(self, file: Path | None) -> None:
        if file is not None:
            raise UsageError(
                f"the calendar 'us-options' takes no file, found {file}: the names of US options "
                "state their expiry; leave --calendar out"
            )
        self._hours = UsHours()

    def read_names(self, symbols: Sequence[str], dialect: str = "") -> Sequence[NameReading]:
        """One reading for each symbol, in order."""
        if dialect not in ("", "occ"):
            raise UsageError(f"unknown dialect {dialect!r}; expected 'occ'")
        return [_read(symbol) for symbol in symbols]

    def expiry(self, contract: Contract) -> Expiry:
        """The date in the contract's name; raises :class:`CalendarGapError` where it has none."""
        try:
            day = date.fromisoformat(contract.period)
        except ValueError:
            raise CalendarGapError(
                f"a US option's name states its expiry as a day; found {contract.period!r}"
            ) from None
        kind = us_kind(day)
        longest = INDEX_LISTING if contract.underlying in INDICES else EQUITY_LISTING
        listed = day - longest
        return Expiry(date=day, scheduled=day, kind=kind, rule=f"US {kind}", listed=listed)

    def is_trading_day(self, day: date) -> bool | None:
        """None: ticks are taken as they are dated. Monthlies before February 2015 expired on
        Saturdays, and options on indices trade on Sunday evenings."""
        return None

    def session(self, day: date) -> Session | None:
        """The hours of options on stocks; raises :class:`CalendarGapError` where the year's
        holidays are not known."""
        return self._hours.session(day)


def us_kind(day: date) -> Kind:
    """Monthly: the third Friday of the month; the Saturday after it, as before February 2015; or
    the Thursday before it where that Friday is a holiday. Else weekly."""
    friday = _third_friday(day.year, day.month)
    if day in (friday, friday + _DAY):
        return "monthly"
    return "monthly" if day == friday - _DAY and _is_holiday(friday) else "weekly"


def _third_friday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def _is_holiday(friday: date) -> bool:
    """Is a third Friday a holiday of the US exchanges: Good Friday, or Juneteenth (since 2022)?"""
    juneteenth = date(friday.year, 6, 19)
    observed = juneteenth - _DAY if juneteenth.weekday() == 5 else juneteenth
    return friday == _easter(friday.year) - 2 * _DAY or (friday.year >= 2022 and friday == observed)


@cache
def _easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def _read(symbol: str) -> NameReading:
    match = _OCC.fullmatch(symbol.strip().upper())
    try:
        if match is None:
            raise ValueError("not an OCC symbol")
        underlying, year, month, day, letter, thousandths = match.groups()
        expiry = date(2000 + int(year), int(month), int(day))
    except ValueError:
        expected = "expected an OCC symbol: underlying, YYMMDD, C or P, strike x 1000 in 8 digits"
        return NameReading(symbol, None, f"{symbol!r} is not an option's name; {expected}")
    right: Right = "CE" if letter == "C" else "PE"
    contract = Contract(
        underlying, us_kind(expiry), expiry.isoformat(), right, int(thousandths) / 1000
    )
    return NameReading(symbol, contract)
