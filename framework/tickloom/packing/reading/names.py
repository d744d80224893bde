"""From trading symbols to contracts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tickloom.contracts import Contract, Expiry, NameReading
from tickloom.errors import UsageError
from tickloom.packing.reading.evidence import Evidence, resolve
from tickloom.schema import KINDS, RIGHTS
from tickloom.specs import Calendar, CalendarGapError, RawBatch, ReadError, expiry_of
from tickloom.store.layout import underlying_problem

if TYPE_CHECKING:
    import polars as pl

_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])(-[0-9]{2})?")


class Named(NamedTuple):
    """What a name means."""

    contract: Contract
    """The contract."""

    expiry: Expiry
    """When it expires."""

    note: str
    """How a name with several readings was resolved; empty for any other."""


@dataclass(frozen=True, slots=True)
class Names:
    """What one calendar makes of the symbols of one listing."""

    calendar: Calendar
    """The reader's calendar."""

    dialect: str
    """The symbol dialect: the user's, or else the reader's."""

    readings: Mapping[str, NameReading]
    """Readings of the symbols that were read as one listing."""

    is_said: bool = False
    """Whether the user named the dialect: it comes before what a batch says of its symbol."""

    _judged: dict[tuple[str, Contract], bool] = field(default_factory=dict)
    """Whether a row's symbol names another contract than that of its batch."""

    def contract(self, batch: RawBatch, evidence: Callable[[], Mapping[str, Evidence]]) -> Named:
        """The batch's contract and its expiry; ``evidence``, what the unit's rows say by symbol, is
        asked for where the name is ambiguous.

        Raises :class:`ReadError` where there is none, or none that a store can hold.
        """
        contract, note = batch.contract, ""
        if contract is None:
            contract, note = self._read(batch, evidence)
        elif contract.instrument == "option" and self._contradicts(batch, contract):
            raise ReadError(
                f"symbol names another contract than its batch: {batch.symbol}; the reader gave "
                f"{contract}"
            )
        problem = contract_problem(contract)
        if problem:
            raise ReadError(problem)
        try:
            return Named(contract, expiry_of(self.calendar, contract), note)
        except CalendarGapError as error:
            raise ReadError(str(error)) from error

    def others(self, symbols: pl.Series | None, symbol: str, named: Named) -> list[str]:
        """Those of the rows' ``symbols`` that name another contract than ``named``, that of a batch
        called ``symbol``. One that nobody can read names none."""
        if symbols is None or named.contract.instrument != "option":
            return []  # what a vendor calls the rows of a series says nothing about options
        found = [one for one in symbols.unique().to_list() if one not in (None, symbol)]
        return sorted(one for one in found if self._names_other(one, named))

    def _dialect_of(self, batch: RawBatch) -> str:
        return self.dialect if self.is_said or not batch.dialect else batch.dialect

    def _contradicts(self, batch: RawBatch, contract: Contract) -> bool:
        """Whether the batch's symbol says another right or strike than the contract that a reader
        gives with it: what else a name leaves open, the reader may know."""
        [reading] = self.calendar.read_names([batch.symbol], self._dialect_of(batch))
        named = reading.contract
        return named is not None and (
            (named.right, np.float32(named.strike)) != (contract.right, np.float32(contract.strike))
        )

    def _names_other(self, symbol: str, named: Named) -> bool:
        key = symbol, named.contract
        if key not in self._judged:
            [reading] = self.calendar.read_names([symbol], self.dialect)
            said = (reading.contract,) if reading.contract else reading.readings
            self._judged[key] = bool(said) and not any(self._is_same(one, named) for one in said)
        return self._judged[key]

    def _is_same(self, contract: Contract, named: Named) -> bool:
        mine = named.contract
        if (contract.underlying, contract.right) != (mine.underlying, mine.right):
            return False
        if np.float32(contract.strike) != np.float32(mine.strike):
            return False
        try:
            return self.calendar.expiry(contract).date == named.expiry.date
        except CalendarGapError:
            return contract.period == mine.period

    def _read(
        self, batch: RawBatch, evidence: Callable[[], Mapping[str, Evidence]]
    ) -> tuple[Contract, str]:
        symbol, dialect = batch.symbol, self._dialect_of(batch)
        reading = self.readings.get(symbol) if dialect == self.dialect else None
        if reading is None:
            try:
                [reading] = self.calendar.read_names([symbol], dialect)
            except UsageError as error:  # of a mapping, say: the main process asked for none
                raise ReadError(str(error)) from error
        if reading.contract is None and reading.readings:
            known = evidence()
            if len(known) > 1:  # the unit is a listing too
                listed = self.calendar.read_names(list(known), dialect)
                reading = dict(zip(known, listed, strict=True)).get(symbol, reading)
            reading = resolve(reading, known.get(symbol, Evidence()), self.calendar)
        if reading.contract is None:
            raise ReadError(reading.error)
        return reading.contract, reading.note


def contract_problem(contract: Contract) -> str:
    """Why no store can hold ``contract``; empty if one can. Readers are plugins, names are input:
    neither decides on its own which folders are written."""
    problem = underlying_problem(contract.underlying)
    if problem:
        return problem
    if contract.instrument == "spot":
        return ""
    if contract.instrument == "future":
        return "" if _PERIOD.fullmatch(contract.period) else _period_problem(contract)
    if contract.right not in RIGHTS or contract.kind not in KINDS:
        return f"expected right CE or PE and kind weekly or monthly; found {contract}"
    if not _PERIOD.fullmatch(contract.period):
        return _period_problem(contract)
    if not (math.isfinite(contract.strike) and 0 < contract.strike < 1e9):
        return f"expected a strike above 0 and below 1e9; found {contract.strike}"
    return ""


def _period_problem(contract: Contract) -> str:
    return f"expected a period YYYY-MM or YYYY-MM-DD; found {contract.period!r}"
