"""Which contracts a partition consists of, and where each one's rows are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from tickloom.contracts import Contract, Expiry, Right
from tickloom.packing.bins.bin import Bin
from tickloom.packing.bins.mixed import MixedBlock
from tickloom.specs import Calendar, CalendarGapError, expiry_of
from tickloom.store.partitions.index import ContractIndex, ContractRows
from tickloom.store.partitions.order import ALL_RIGHTS


class NumberedBin(NamedTuple):
    """A bin and the unit that it is from."""

    unit: int
    """Number of the unit within this pack."""

    bin: Bin
    """The bin."""


class RunKey(NamedTuple):
    """What the rows of one run have in common; runs are stored in ascending order."""

    expiry: dt.date
    """Expiry."""

    right: int
    """0 for CE, 1 for PE, 2 for neither."""

    strike: float
    """Strike, as stored (the nearest Float32)."""


class StoredPart(NamedTuple):
    """Rows of one entry of the partition's index."""

    rows: ContractRows
    """The entry."""

    periods: frozenset[str]
    """Periods of the names whose rows are meant, where the entry's names are different contracts by
    now; empty where all of its rows are meant."""


class MixedPart(NamedTuple):
    """New rows of one contract in a block of many."""

    block: int
    """Number of the block."""

    contract: int
    """Number of the contract in the block."""

    start: int
    """First row in the block."""

    rows: int
    """Number of rows, those of excluded units included."""


@dataclass(slots=True)
class Run:
    """One contract of a partition. Several names may mean the same one."""

    key: RunKey
    """Expiry, right and strike."""

    names: dict[Contract, Expiry] = field(default_factory=dict)
    """The contracts that its names say, with their expiry. Empty where an adopted store has rows
    of unknown name."""

    bins: dict[int, list[Bin]] = field(default_factory=dict)
    """New rows by unit."""

    stored: list[StoredPart] = field(default_factory=list)
    """Rows that the store has."""

    mixed: list[MixedPart] = field(default_factory=list)
    """New rows in blocks of many contracts."""

    @property
    def rows(self) -> int:
        """New rows and stored ones, before they are merged."""
        new = sum(found.rows for bins in self.bins.values() for found in bins)
        new += sum(part.rows for part in self.mixed)
        return new + sum(part.rows.rows for part in self.stored)

    @property
    def right(self) -> Right:
        """CE, PE, or XX for neither."""
        return ALL_RIGHTS[self.key.right]

    @property
    def expiry(self) -> Expiry:
        """Its expiry; a monthly contract stays one where a weekly expires on the same day."""
        if not self.names:
            kind = self.stored[0].rows.kind
            return Expiry(date=self.key.expiry, scheduled=self.key.expiry, kind=kind)
        return min(self.names.values(), key=lambda expiry: (expiry.kind != "monthly", expiry.rule))

    @property
    def contract(self) -> Contract:
        """The contract; for rows of unknown name, what their columns say."""
        if self.names:
            return min(self.names)
        day = self.key.expiry.isoformat()
        return Contract("", self.stored[0].rows.kind, day, self.right, self.key.strike)


def find_runs(
    bins: Iterable[NumberedBin],
    index: ContractIndex | None,
    calendar: Calendar | None,
    mixed: Sequence[MixedBlock] = (),
) -> list[Run]:
    """The runs of a partition, in the store's order. The calendar, where it is known, dates stored
    contracts anew."""
    runs: dict[RunKey, Run] = {}
    for unit, found in bins:
        run = _run(runs, found.expiry.date, found.contract.right, found.contract.strike)
        run.names[found.contract] = found.expiry
        run.bins.setdefault(unit, []).append(found)
    for number, block in enumerate(mixed):
        starts = block.starts.tolist()
        for place, (contract, expiry) in enumerate(block.contracts):
            run = _run(runs, expiry.date, contract.right, contract.strike)
            run.names[contract] = expiry
            start = starts[place]
            run.mixed.append(MixedPart(number, place, start, starts[place + 1] - start))
    for rows in index.contracts if index else ():
        dated = date_names(rows, calendar)
        days = {expiry.date for expiry in dated.values()} or {rows.expiry}
        for day in days:
            names = {name: expiry for name, expiry in dated.items() if expiry.date == day}
            periods = frozenset(name.period for name in names) if len(days) > 1 else frozenset()
            run = _run(runs, day, rows.right, rows.strike)
            run.names |= names
            run.stored.append(StoredPart(rows, periods))
    return [runs[key] for key in sorted(runs)]


def date_names(rows: ContractRows, calendar: Calendar | None) -> dict[Contract, Expiry]:
    """The names of stored rows, of the kind that the calendar gives them, each with its expiry: as
    it is stored where the calendar is not known, or knows less than the one before, which does not
    take rows out of the store."""
    dated = {}
    for name in names_of(rows):
        expiry = _date(name, rows, calendar)
        # A name that states a day does not say its kind, so a new calendar may change it.
        named = name if name.kind == expiry.kind else replace(name, kind=expiry.kind)
        dated[named] = expiry
    return dated


def names_of(rows: ContractRows) -> Sequence[Contract]:
    """The contracts that the names of stored rows say."""
    return (rows.contract, *rows.also) if rows.contract else ()


def _run(runs: dict[RunKey, Run], day: dt.date, right: Right, strike: float) -> Run:
    key = RunKey(day, ALL_RIGHTS.index(right), float(np.float32(strike)))
    return runs.setdefault(key, Run(key))


def _date(contract: Contract, rows: ContractRows, calendar: Calendar | None) -> Expiry:
    if calendar is not None:
        with suppress(CalendarGapError):
            return expiry_of(calendar, contract)
    return Expiry(date=rows.expiry, scheduled=rows.expiry, kind=rows.kind)
