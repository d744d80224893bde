"""From trading symbols to contracts."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tickloom.contracts import Contract, Expiry, NameReading
from tickloom.packing.reading.tick_dates import settle_by_ticks
from tickloom.schema import KINDS, RIGHTS
from tickloom.specs import Calendar, CalendarGapError, RawBatch, ReadError
from tickloom.store.layout import underlying_problem

_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])(-[0-9]{2})?")


class Named(NamedTuple):
    """What a name means."""

    contract: Contract
    """The contract."""

    expiry: Expiry
    """When it expires."""

    note: str
    """What settled a name with several readings; empty for any other."""


@dataclass(frozen=True, slots=True)
class Names:
    """What one calendar makes of the symbols of one listing."""

    calendar: Calendar
    """The reader's calendar."""

    dialect: str
    """The reader's symbol dialect."""

    readings: Mapping[str, NameReading]
    """Readings of the symbols that were read as one listing."""

    def contract(self, batch: RawBatch, last_tick: Callable[[], dt.date | None]) -> Named:
        """The batch's contract and its expiry; ``last_tick`` is asked where the name is ambiguous.

        Raises :class:`ReadError` where there is none, or none that a store can hold.
        """
        contract, note = batch.contract, ""
        if contract is None:
            contract, note = self._read(batch.symbol, last_tick)
        problem = contract_problem(contract)
        if problem:
            raise ReadError(problem)
        try:
            return Named(contract, self.calendar.expiry(contract), note)
        except CalendarGapError as error:
            raise ReadError(str(error)) from error

    def _read(self, symbol: str, last_tick: Callable[[], dt.date | None]) -> tuple[Contract, str]:
        reading = self.readings.get(symbol)
        if reading is None:
            [reading] = self.calendar.read_names([symbol], self.dialect)
        if reading.contract is None and reading.readings:
            day = last_tick()
            reading = settle_by_ticks(reading, day, self.calendar) if day else reading
        if reading.contract is None:
            raise ReadError(reading.error)
        return reading.contract, reading.note


def contract_problem(contract: Contract) -> str:
    """Why no store can hold ``contract``; empty if one can. Readers are plugins, names are input:
    neither decides on its own which folders are written."""
    problem = underlying_problem(contract.underlying)
    if problem:
        return problem
    if contract.right not in RIGHTS or contract.kind not in KINDS:
        return f"expected right CE or PE and kind weekly or monthly; found {contract}"
    if not _PERIOD.fullmatch(contract.period):
        return f"expected a period YYYY-MM or YYYY-MM-DD; found {contract.period!r}"
    if not (math.isfinite(contract.strike) and 0 < contract.strike < 1e9):
        return f"expected a strike above 0 and below 1e9; found {contract.strike}"
    return ""
