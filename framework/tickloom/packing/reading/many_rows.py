"""Rows of many contracts and units: whose they are, and in which order."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from tickloom.contracts import Contract, Expiry
from tickloom.packing.reading.names import Named
from tickloom.packing.rows.days import EPOCH
from tickloom.packing.sources.units import UnitResult
from tickloom.schema import RIGHTS
from tickloom.specs import ContractSlice, PartitionContext, RawBatch, ReadError

if TYPE_CHECKING:
    import polars as pl

Ints = npt.NDArray[np.int64]


class UnitReading(Protocol):
    """The reading of a unit, as far as it is of use here."""

    result: UnitResult

    def take_batch(self, batch: RawBatch) -> None:
        """Take a batch of one contract, or quarantine it."""
        ...

    def fail(self, error: ReadError) -> None:
        """Quarantine the whole unit."""
        ...

    def note_columns(self, frame: pl.DataFrame) -> None:
        """Note the columns beyond the 58."""
        ...


@dataclass(slots=True)
class ManyRows:
    """Rows of several units."""

    frame: pl.DataFrame
    symbols: pl.Series
    readings: list[UnitReading]
    owners: Ints
    """Whose each row is: a place in ``readings``."""

    dialect: str
    """The dialect of their symbols."""

    def units(self) -> Ints:
        """The number of each row's unit."""
        return np.array([reading.result.number for reading in self.readings])[self.owners]

    def at(self, places: Any) -> ManyRows:
        """The rows at ``places``, in their order."""
        frame, symbols = self.frame[places], self.symbols[places]
        return ManyRows(frame, symbols, self.readings, self.owners[places], self.dialect)

    def leave(self, chosen: npt.NDArray[np.bool_]) -> None:
        """Hand the ``chosen`` rows to their units, contract by contract."""
        import polars as pl

        mine = self.at(np.flatnonzero(chosen))
        named = mine.frame.with_columns(
            mine.symbols.alias(_SYMBOL), pl.Series(_OWNER, mine.owners, pl.Int64)
        )
        for part in named.partition_by(_OWNER, _SYMBOL, maintain_order=True):
            symbol, owner = part.drop_in_place(_SYMBOL)[0], part.drop_in_place(_OWNER)[0]
            reading = self.readings[owner]
            if reading.result.taken:
                try:
                    reading.take_batch(RawBatch(frame=part, symbol=symbol, dialect=self.dialect))
                except ReadError as error:
                    reading.fail(error)


_SYMBOL: Final = "__tickloom_symbol"
_OWNER: Final = "__tickloom_owner"


@dataclass(slots=True)
class ContractOrder:
    """Rows contract by contract."""

    rows: ManyRows
    ranks: Ints
    """The contract of each row: a place in ``named``, ascending."""
    symbols: list[str]
    named: list[Named]

    @property
    def contracts(self) -> list[tuple[Contract, Expiry]]:
        """The contracts, by rank."""
        return [(named.contract, named.expiry) for named in self.named]

    @property
    def context(self) -> PartitionContext:
        """What a transform is told about the rows."""
        slices = []
        for start, end in runs_of(self.ranks):
            rank = self.ranks[start]
            named = self.named[rank]
            slices.append(
                ContractSlice(
                    contract=named.contract,
                    expiry=named.expiry,
                    start=start,
                    rows=end - start,
                    symbol=self.symbols[rank],
                )
            )
        symbol = slices[0].symbol if len(slices) == 1 else ""
        return PartitionContext(symbol=symbol, date=None, slices=tuple(slices))

    def whole_groups(self, odd: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """All rows of the units' contracts that have an ``odd`` one: they stay together."""
        groups = self.ranks * len(self.rows.readings) + self.rows.owners
        found: npt.NDArray[np.bool_] = np.isin(groups, np.unique(groups[odd]))
        return found

    def without(self, gone: npt.NDArray[np.bool_]) -> ContractOrder:
        """The other rows."""
        stay = np.flatnonzero(~gone)
        return ContractOrder(self.rows.at(stay), self.ranks[stay], self.symbols, self.named)


def store_order(named: Named) -> tuple[str, dt.date, int, float]:
    """What the rows of a contract are sorted by."""
    contract = named.contract
    right = RIGHTS.index(contract.right)
    return contract.underlying, named.expiry.date, right, contract.strike


def runs_of(values: Ints) -> list[tuple[int, int]]:
    """Where equal neighbours begin and end."""
    bounds = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return list(pairwise(bounds))


def day_of(number: int) -> dt.date:
    """The day that is ``number`` days after 1970-01-01."""
    return EPOCH + dt.timedelta(days=int(number))
