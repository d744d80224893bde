"""The contract index of a partition: which contract lies where in its file."""

from __future__ import annotations

from datetime import date

import msgspec

from tickloom.contracts import Contract, Kind, Right

INDEX_FORMAT = 1


class Conflict(msgspec.Struct, frozen=True, array_like=True):
    """A tick time at which sources disagreed: the dominant source's rows come first, rows that
    only others have follow."""

    timestamp: int
    """Microseconds of the wall clock since 1970-01-01."""

    dominant: int
    """Rows of the dominant source at that time; the rest of the time's rows are others'."""


class ContractRows(msgspec.Struct, frozen=True):
    """The rows of one contract: a run of equal expiry, right and strike."""

    contract: Contract | None
    """What the name says; None where a store was adopted and no name is known."""

    expiry: date
    """Expiry of all its rows."""

    kind: Kind
    """Weekly or monthly."""

    right: Right
    """CE or PE."""

    strike: float
    """Strike, as stored (the nearest Float32)."""

    first_row: int
    """First row in the partition's file."""

    rows: int
    """Number of rows; never 0."""

    conflicts: tuple[Conflict, ...] = ()
    """Tick times at which sources disagreed, ascending."""

    also: tuple[Contract, ...] = ()
    """Further names that mean the same contract, where a weekly was re-dated onto a monthly's day:
    ascending, ``contract`` being the smallest of all. The symbol column tells their rows apart."""


class ContractIndex(msgspec.Struct, frozen=True):
    """All contracts of a partition, in the order of their rows, without a gap."""

    contracts: tuple[ContractRows, ...]
    """Ascending by expiry, right and strike."""

    format: int = INDEX_FORMAT
    """Version of the format."""

    @property
    def rows(self) -> int:
        """Rows of the partition."""
        last = self.contracts[-1] if self.contracts else None
        return last.first_row + last.rows if last else 0
