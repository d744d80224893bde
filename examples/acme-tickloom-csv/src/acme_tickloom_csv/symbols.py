"""Acme's names of contracts, and the exchange's."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache

OPTION = re.compile(r"([A-Z0-9&-]+) (\d\d[A-Z]{3}\d\d) (\d+(?:\.\d+)?) ([CP])")
INDICES = frozenset({"BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "NIFTY", "NIFTYNXT50"})


@cache
def exchange_symbol(instrument: str) -> str | None:
    """The exchange's identifier of an option; None for anything else.

    ``BANKNIFTY 30JAN25 50000 C`` is ``OPTIDXBANKNIFTY30-01-2025CE50000.00``: with it, tickloom's
    calendar knows whether the contract is a weekly or a monthly one.
    """
    found = OPTION.fullmatch(instrument)
    if not found:
        return None
    underlying, day, strike, right = found.groups()
    try:
        expiry = datetime.strptime(day, "%d%b%y").strftime("%d-%m-%Y")
    except ValueError:  # no such day
        return None
    kind = "OPTIDX" if underlying in INDICES else "OPTSTK"
    return f"{kind}{underlying}{expiry}{right}E{float(strike):.2f}"
