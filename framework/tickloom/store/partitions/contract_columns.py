"""A partition's contracts in columns: what runs take from a contract index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from tickloom.contracts import Kind, Right

EPOCH: Final = date(1970, 1, 1).toordinal()

_REMEMBERED: Final = 1024
"""Indexes that are kept in columns, 9 KB for 244 contracts; decoding one takes 0.13 ms."""

Int64 = npt.NDArray[np.int64]


class Located(Protocol):
    """What is taken from each contract of an index."""

    @property
    def expiry(self) -> date: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def right(self) -> Right: ...
    @property
    def strike(self) -> float: ...
    @property
    def first_row(self) -> int: ...
    @property
    def rows(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ContractColumns:
    """Contracts of one partition, in store order; ``n`` is their number. The arrays are read-only:
    runs share them."""

    starts: Int64
    """``int64[n]``: first row of each contract in the file, ascending."""

    rows: Int64
    """``int64[n]``: rows of each contract, never 0."""

    expiries: Int64
    """``int64[n]``: expiry of each contract, days since 1970-01-01."""

    strikes: npt.NDArray[np.float64]
    """``float64[n]``: strike of each contract."""

    calls: npt.NDArray[np.bool_]
    """``bool[n]``: True for calls."""

    monthly: npt.NDArray[np.bool_]
    """``bool[n]``: True for monthly contracts."""

    @classmethod
    def of(cls, contracts: Sequence[Located]) -> ContractColumns:
        """``contracts`` in columns."""

        def column(values: Any, dtype: type[np.generic]) -> npt.NDArray[Any]:
            found = np.fromiter(values, dtype, len(contracts))
            found.flags.writeable = False
            return found

        return cls(
            starts=column((c.first_row for c in contracts), np.int64),
            rows=column((c.rows for c in contracts), np.int64),
            expiries=column((c.expiry.toordinal() - EPOCH for c in contracts), np.int64),
            strikes=column((c.strike for c in contracts), np.float64),
            calls=column((c.right == "CE" for c in contracts), np.bool_),
            monthly=column((c.kind == "monthly" for c in contracts), np.bool_),
        )

    def __len__(self) -> int:
        return len(self.starts)

    def where(self, chosen: npt.NDArray[np.bool_] | slice) -> ContractColumns:
        """The ``chosen`` contracts, bool[n] or a slice, in the same order."""
        return ContractColumns(
            starts=self.starts[chosen],
            rows=self.rows[chosen],
            expiries=self.expiries[chosen],
            strikes=self.strikes[chosen],
            calls=self.calls[chosen],
            monthly=self.monthly[chosen],
        )


class _Contract(msgspec.Struct, frozen=True, gc=False):
    """The fields of :class:`ContractRows` that have a column; decoding skips the others."""

    expiry: date
    kind: Kind
    right: Right
    strike: float
    first_row: int
    rows: int


class _Index(msgspec.Struct, frozen=True):
    contracts: tuple[_Contract, ...]


_decoder: Final = msgspec.json.Decoder(_Index)
_remembered: Final[dict[str, ContractColumns]] = {}


def indexed_columns(data: bytes, sha256: str) -> ContractColumns:
    """The columns of the encoded index ``data``, whose digest is ``sha256``."""
    known = _remembered.get(sha256)
    if known is None:
        if len(_remembered) >= _REMEMBERED:
            _remembered.clear()
        known = ContractColumns.of(_decoder.decode(data).contracts)
        _remembered[sha256] = known
    return known
