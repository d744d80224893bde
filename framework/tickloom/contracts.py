"""What an option's name says: the identity of a contract, apart from any calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Kind = Literal["weekly", "monthly"]
"""How a contract was listed."""

Right = Literal["CE", "PE"]
"""Call or put, in the exchange's letters."""


@dataclass(frozen=True, slots=True, order=True)
class Contract:
    """One option contract as its name identifies it.

    A weekly and a monthly contract of one month may differ in nothing but ``kind``. The expiry is
    not part of it: a corrected calendar re-dates a contract and never doubles it.
    """

    underlying: str
    """Upper-case symbol of the underlying, e.g. ``BANKNIFTY`` or ``M&M``."""

    kind: Kind
    """``weekly`` or ``monthly``."""

    period: str
    """``YYYY-MM``, the contract month that a monthly name states, or ``YYYY-MM-DD``, the scheduled
    expiry that the name states."""

    right: Right
    """``CE`` (call) or ``PE`` (put)."""

    strike: float
    """Strike price in the currency of the underlying."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """When a contract expires, by a calendar."""

    date: dt.date
    """The last trading day: what the store's ``expiry`` column holds."""

    scheduled: dt.date
    """The day that the rule names before holidays move it."""

    kind: Kind
    """``weekly`` or ``monthly``: the store's ``expiry_type``."""

    provisional: bool = False
    """True where the holidays of that year were not published yet."""

    rule: str = ""
    """The rule, and the holiday, that made it; for people."""

    listed: dt.date | None = None
    """The first day on which the exchange can have listed the contract, by the longest that it
    lists any of its kind; None where that is not known. Ticks before it are quarantined."""


@dataclass(frozen=True, slots=True)
class NameReading:
    """What a calendar makes of one trading symbol: a contract, or a reason why not."""

    symbol: str
    """The symbol as it was given."""

    contract: Contract | None
    """The contract, where there is exactly one reading."""

    error: str = ""
    """Why there is none: what was expected and what was found; empty if there is one."""

    readings: tuple[Contract, ...] = ()
    """All readings of an ambiguous name; the dates of its ticks may resolve it."""

    note: str = ""
    """How a name that had several readings was resolved; for people."""

    doubts: tuple[str, ...] = ()
    """For each of ``readings`` what speaks against it, empty where nothing does: a strike that the
    underlying never had, say. Nothing at all where the calendar judges none."""
