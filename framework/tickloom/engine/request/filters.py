"""What part of a store a run reads: which partitions, and which of their contracts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol, TypeVar

import numpy as np

from tickloom.contracts import Right
from tickloom.errors import StoreError, UsageError
from tickloom.schema import RIGHTS
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.contract_columns import EPOCH, ContractColumns
from tickloom.store.partitions.index import ContractRows

LISTED: Final = 12
"""The most values that a message lists before it says how many more there are."""


class Keyed(Protocol):
    """Anything that belongs to one partition."""

    @property
    def key(self) -> PartitionKey: ...


K = TypeVar("K", bound=Keyed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which contracts to run over; everything by default. Ranges include both ends."""

    underlyings: tuple[str, ...] = ()
    """Underlyings, upper case; empty: all."""

    start: date | None = None
    """First trading day."""

    end: date | None = None
    """Last trading day."""

    expiries: tuple[date, ...] = ()
    """Expiry dates; empty: all."""

    strikes: tuple[float, float] | None = None
    """Lowest and highest strike."""

    right: Right | None = None
    """Calls or puts only."""

    def __post_init__(self) -> None:
        if self.start and self.end and self.start > self.end:
            raise UsageError(
                f"the first day {self.start} is after the last day {self.end}; swap --from and --to"
            )
        if self.strikes and not self.strikes[0] <= self.strikes[1]:
            low, high = self.strikes
            raise UsageError(f"strikes {low:g}:{high:g} is empty; write the lower strike first")
        if self.right is not None and self.right not in RIGHTS:
            raise UsageError(f"unknown right {self.right!r}; expected CE (calls) or PE (puts)")

    def partitions(self, partitions: Sequence[K]) -> list[K]:
        """The partitions selected by day and underlying, in the given order.

        Raises :class:`UsageError` if there is none, saying what exists.
        """
        if not partitions:
            raise StoreError("the store holds no ticks of options; pack raw files of them first")
        known = {p.key.underlying for p in partitions}
        for name in self.underlyings:
            if name not in known:
                raise UsageError(f"unknown underlying {name!r}; the store holds {_listed(known)}")
        wanted = set(self.underlyings) or known
        named = [p for p in partitions if p.key.underlying in wanted]
        chosen = [p for p in named if self._has_day(p.key.date)]
        if not chosen:
            days = sorted(p.key.date for p in named)
            raise UsageError(
                f"no trading day between {self.start or 'the first'} and {self.end or 'the last'};"
                f" the store holds {days[0]} to {days[-1]} for {_listed(wanted)}"
            )
        return chosen

    def contracts(self, contracts: ContractColumns) -> ContractColumns:
        """Those of ``contracts`` that are selected by expiry, strike and right."""
        if not (self.expiries or self.strikes or self.right):
            return contracts
        taken = np.ones(len(contracts), np.bool_)
        if self.expiries:
            taken &= np.isin(contracts.expiries, [day.toordinal() - EPOCH for day in self.expiries])
        if self.right:
            taken &= contracts.calls == (self.right == "CE")
        if self.strikes:
            taken &= contracts.strikes >= self.strikes[0]
            taken &= contracts.strikes <= self.strikes[1]
        return contracts.where(taken)

    def _has_day(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


def no_contract(filters: Filters, contracts: Iterable[ContractRows]) -> UsageError:
    """The error for filters that take none of ``contracts``: says what there is."""
    found = list(contracts)
    expiries = {c.expiry for c in found}
    strikes = [c.strike for c in found]
    asked = []
    if filters.expiries:
        asked.append(f"expiry {_listed(filters.expiries)}")
    if filters.strikes:
        asked.append(f"strikes {filters.strikes[0]:g}:{filters.strikes[1]:g}")
    if filters.right:
        asked.append(f"right {filters.right}")
    return UsageError(
        f"no contract with {', '.join(asked)}; the selected partitions hold expiries "
        f"{_listed(expiries)} and strikes {min(strikes):g} to {max(strikes):g}"
    )


def _listed(values: Iterable[object]) -> str:
    texts = sorted(str(value) for value in values)
    more = len(texts) - LISTED
    return ", ".join(texts[:LISTED]) + (f" and {more} more" if more > 0 else "")
