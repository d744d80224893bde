"""What an option's name says: the identity of a contract, apart from any calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["weekly", "monthly"]
"""How a contract was listed."""

Right = Literal["CE", "PE", "XX"]
"""Call, put, or, of a future and of a spot, neither, in the exchange's letters."""

Instrument = Literal["option", "future", "spot"]
"""What is traded; a spot is the underlying itself, an index or a stock."""

NO_RIGHT: Final = "XX"

NEAREST: Final = "nearest"
"""Period of a future whose name does not say its month: that of the nearest monthly expiry, day by
day, by the calendar."""


@dataclass(frozen=True, slots=True, order=True)
class Contract:
    """One contract as its name identifies it: an option, a future, or the underlying itself.

    A weekly and a monthly contract of one month may differ in nothing but ``kind``. The expiry is
    not part of it: a corrected calendar re-dates a contract and never doubles it.
    """

    underlying: str
    """Upper-case symbol of the underlying, e.g. ``BANKNIFTY`` or ``M&M``."""

    kind: Kind
    """``weekly`` or ``monthly``."""

    period: str
    """``YYYY-MM``, the contract month that a monthly name states, or ``YYYY-MM-DD``, the scheduled
    expiry that the name states. Of a future also :data:`NEAREST`; empty of a spot."""

    right: Right
    """``CE`` (call) or ``PE`` (put); ``XX`` of a future and of a spot."""

    strike: float
    """Strike price in the currency of the underlying; 0 of a future and of a spot."""

    @classmethod
    def future(cls, underlying: str, period: str = NEAREST) -> Contract:
        """A future on ``underlying``; without a period it is the nearest one."""
        return cls(underlying, "monthly", period, NO_RIGHT, 0.0)

    @classmethod
    def spot(cls, underlying: str) -> Contract:
        """The underlying itself."""
        return cls(underlying, "monthly", "", NO_RIGHT, 0.0)

    @property
    def instrument(self) -> Instrument:
        """What it is."""
        if self.right != NO_RIGHT:
            return "option"
        return "future" if self.period else "spot"

    @property
    def title(self) -> str:
        """What it is called in messages."""
        if self.instrument == "option":
            return f"{self.underlying} {self.period} {self.strike:.10g} {self.right}".strip()
        return f"{self.underlying} {self.instrument} {self.period}".strip()


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


NEVER: Final = Expiry(date=dt.date.max, scheduled=dt.date.max, kind="monthly")
"""The expiry of what does not expire: of a spot."""


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
