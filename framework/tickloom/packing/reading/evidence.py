"""What a file holds resolves what its name leaves open: its days, its own columns, its prices."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tickloom.contracts import Contract, NameReading
from tickloom.packing.rows.days import FIRST_YEAR, LAST_YEAR
from tickloom.packing.rows.own_expiry import day_of, days_of_expiry
from tickloom.specs import Calendar, CalendarGapError, RawBatch

if TYPE_CHECKING:
    import polars as pl

MOST_VALUES: Final = 4
"""A column that says what contract its rows are of says one thing, or it says nothing."""

_STRIKES: Final = frozenset({"strike", "strikeprice", "strikepr", "strkprice", "strkpric"})
_EXPIRIES: Final = frozenset(
    {"expiry", "expirydate", "expirydt", "expdate", "expiration", "xprydt"}
)
"""How vendors call such columns, in lower case and without marks."""

_MARKS: Final = re.compile(r"[^a-z]")


@dataclass(slots=True)
class Evidence:
    """What the rows of one symbol say about the contract that they are of."""

    first: dt.date | None = None
    """Day of the first tick."""

    last: dt.date | None = None
    """Day of the last tick."""

    strikes: set[float] = field(default_factory=set)
    """What the rows' own column of strikes holds."""

    rights: set[str] = field(default_factory=set)
    """The same of ``opt_type``."""

    months: set[str] = field(default_factory=set)
    """The same of ``year`` and ``month``, as ``YYYY-MM``."""

    expiries: set[dt.date] = field(default_factory=set)
    """The same of a column of expiries."""

    highest: float = 0.0
    """The highest price."""

    def add(self, frame: pl.DataFrame) -> None:
        """Look at more rows, as a reader delivers them."""
        self._add_days(frame)
        for column in frame.get_columns():
            name = _MARKS.sub("", column.name.lower())
            if name in _STRIKES:
                self.strikes |= _strikes(column)
            elif name in _EXPIRIES:
                self.expiries |= _dates(column)
            elif column.name == "opt_type":
                self.rights |= {value.upper() for value in _texts(column)}
            elif column.name == "price":
                self.highest = max(self.highest, _highest(column))
        if {"year", "month"} <= set(frame.columns):
            for row in frame.select("year", "month").unique().head(MOST_VALUES).rows():
                if all(str(one).isdigit() for one in row):
                    self.months.add(f"{int(row[0]):04d}-{int(row[1]):02d}")

    def _add_days(self, frame: pl.DataFrame) -> None:
        import polars as pl

        stamps = frame["timestamp"]
        if not isinstance(stamps.dtype, pl.Datetime | pl.Date):
            return
        found = stamps.cast(pl.Date).drop_nulls().unique()
        # A stamp that cannot be meant says nothing; its row is quarantined later.
        days = found.filter(found.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).sort().to_list()
        if days:
            self.first = min(days[0], self.first or days[0])
            self.last = max(days[-1], self.last or days[-1])


def gather(parts: Iterable[object]) -> dict[str, Evidence]:
    """The evidence of all rows that a reader yields, by symbol."""
    found: dict[str, Evidence] = {}
    for part in parts:
        if isinstance(part, RawBatch):
            found.setdefault(part.symbol, Evidence()).add(part.frame)
    return found


def resolve(reading: NameReading, evidence: Evidence, calendar: Calendar) -> NameReading:
    """``reading`` with its one contract, where the rows leave only one of its readings.

    A reading is out where the calendar doubts it, where its contract could not trade on a day of
    the rows, or where one of their columns says another. Unless exactly one is left the name stays
    open, with an error that says what speaks against each reading.
    """
    if reading.contract is not None or not reading.readings:
        return reading
    doubts = reading.doubts or ("",) * len(reading.readings)
    against = {
        one: doubt or _objection(one, evidence, calendar)
        for one, doubt in zip(reading.readings, doubts, strict=True)
    }
    sound = [one for one, why in against.items() if not why]
    if len(sound) == 1:
        [contract] = sound
        others = "; ".join(
            f"{_said(one)}: {why}" for one, why in against.items() if one != contract and why
        )
        note = f"{reading.symbol!r} was ambiguous; it is {_said(contract)}, and not {others}"
        return replace(reading, contract=contract, error="", note=note)
    weighed = "; ".join(
        f"{_said(one)}: {why or 'nothing speaks against it'}" for one, why in against.items()
    )
    return replace(reading, error=f"{reading.error}. By its rows, {weighed}")


def _objection(contract: Contract, evidence: Evidence, calendar: Calendar) -> str:
    """Why the rows cannot be of ``contract``; empty where they can."""
    if evidence.strikes and not _has_strike(contract, evidence):
        return f"its column of strikes says {_listed(evidence.strikes)}"
    if evidence.rights and contract.right not in evidence.rights:
        return f"its column opt_type says {_listed(evidence.rights)}"
    if (
        contract.kind == "monthly"
        and evidence.months
        and contract.period[:7] not in evidence.months
    ):
        return f"its columns year and month say {_listed(evidence.months)}"
    if contract.right == "PE" and evidence.highest > contract.strike:
        return (
            f"no put is worth more than its strike, and its price reaches {evidence.highest:.10g}"
        )
    try:
        expiry = calendar.expiry(contract)
    except CalendarGapError:
        return "no such expiry is in the calendar"
    if evidence.expiries and not evidence.expiries & days_of_expiry(contract, expiry):
        return f"its column of expiries says {_listed(evidence.expiries)}"
    if evidence.last is not None and evidence.last > expiry.date:
        return f"it expired on {expiry.date}, before the last tick, of {evidence.last}"
    if expiry.listed is not None and evidence.first is not None and evidence.first < expiry.listed:
        return (
            f"it expires on {expiry.date} and is not listed before {expiry.listed}, "
            f"after the first tick, of {evidence.first}"
        )
    return ""


def _has_strike(contract: Contract, evidence: Evidence) -> bool:
    return any(np.float32(strike) == np.float32(contract.strike) for strike in evidence.strikes)


def _said(contract: Contract) -> str:
    return f"{contract.underlying} {contract.period} {contract.strike:.10g} {contract.right}"


def _listed(values: Iterable[object]) -> str:
    return " and ".join(sorted(f"{v:.10g}" if isinstance(v, float) else str(v) for v in values))


def _distinct(column: pl.Series) -> list[object]:
    """The column's few values; none where it has many, which say nothing about one contract."""
    found = column.drop_nulls().unique()
    return found.to_list() if len(found) <= MOST_VALUES else []


def _texts(column: pl.Series) -> list[str]:
    return [str(value).strip() for value in _distinct(column)]


def _strikes(column: pl.Series) -> set[float]:
    found = set()
    for text in _texts(column):
        try:
            found.add(float(text))
        except ValueError:
            return set()
    return {one for one in found if one > 0}


def _dates(column: pl.Series) -> set[dt.date]:
    return {day for value in _distinct(column) if (day := day_of(value))}


def _highest(column: pl.Series) -> float:
    import polars as pl

    numbers = column.cast(pl.Float64, strict=False).fill_nan(None)
    highest = numbers.filter(numbers.is_finite()).max()
    return float(highest) if isinstance(highest, int | float) else 0.0
