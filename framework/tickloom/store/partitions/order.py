"""The order of a partition's rows, read back from the written bytes.

The check compares every row with the one before it. It trusts no library's ``is_sorted``: Polars
believes a ``sorting_columns`` footer even where that lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tickloom.arrow import numbers_of
from tickloom.contracts import NEVER, NO_RIGHT, Instrument, Right
from tickloom.errors import StoreError
from tickloom.schema import RIGHTS, SORT_KEYS
from tickloom.specs import WriterSpec
from tickloom.store.partitions.index import ContractIndex

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_ROWS: Final = 250_000
"""Rows that are looked at together, whatever the size of a row group: the sort columns take 8 MB,
58 columns 110 MB."""

_EPOCH: Final = date(1970, 1, 1)

ALL_RIGHTS: Final[tuple[Right, ...]] = (*RIGHTS, NO_RIGHT)
"""What a number of a right means."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class UnsortedError(StoreError):
    """A file's rows are not in the store's order."""


@dataclass(frozen=True, slots=True)
class ContractRun:
    """Consecutive rows of one expiry, right and strike."""

    expiry: date
    """Expiry of the rows."""

    right: Right
    """CE or PE."""

    strike: float
    """Strike, the stored Float32."""

    first_row: int
    """First row in the file."""

    rows: int
    """Number of rows."""


@dataclass(slots=True)
class SortKeys:
    """The four sort columns of some rows, as arrays of one length."""

    expiry: Ints
    """Days since 1970."""

    right: Ints
    """0 for CE, 1 for PE, 2 for neither."""

    strike: Floats
    """Strike."""

    timestamp: Ints
    """The column's own unit since 1970."""

    def __len__(self) -> int:
        return len(self.expiry)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Errors of the file format and of the file system, as :class:`StoreError`."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        detail = str(error).strip().splitlines()
        raise StoreError(f"{path}: cannot be read: {detail[0] if detail else error!r}") from error


def index_problem(runs: list[ContractRun], index: ContractIndex) -> str:
    """How ``index`` differs from the contracts that a file has; empty if it does not."""
    told = [(c.expiry, c.right, c.strike, c.first_row, c.rows) for c in index.contracts]
    found = [(r.expiry, r.right, r.strike, r.first_row, r.rows) for r in runs]
    for at, (ours, theirs) in enumerate(zip(told, found, strict=False)):
        if ours != theirs:
            return (
                f"contract {at} of the index is {_contract(ours)}, the file has {_contract(theirs)}"
            )
    if len(told) != len(found):
        return f"the index lists {len(told)} contracts, the file has {len(found)}"
    return ""


def _contract(item: tuple[date, Right, float, int, int]) -> str:
    expiry, right, strike, first, rows = item
    return f"{expiry} {strike:g} {right} with {rows} rows from row {first}"


def contract_runs(
    path: Path, writer: WriterSpec, instrument: Instrument = "option"
) -> list[ContractRun]:
    """The contracts of the file at ``path``, one run each, in the order of their rows.

    Raises :class:`UnsortedError` naming the first row that is out of order, and
    :class:`StoreError` where a sort column holds nulls or cannot be read.
    """
    starts: list[tuple[int, int, int, float]] = []
    last: SortKeys | None = None
    row = 0
    for keys in read_sort_keys(path, writer, instrument):
        joined = keys if last is None else _concat(last, keys)
        overlap = len(joined) - len(keys)
        changes = _changes(joined, path, row - overlap, instrument) - overlap
        if last is None:
            changes = np.concatenate(([0], changes))
        starts += _starts(keys, changes, row)
        row += len(keys)
        last = _tail(keys)
    return _runs(starts, row)


def read_sort_keys(
    path: Path, writer: WriterSpec, instrument: Instrument = "option"
) -> Iterator[SortKeys]:
    """The sort columns of ``path``, a row group at a time, or a piece of a large one."""
    for table in read_row_groups(path, writer, SORT_KEYS[instrument]):
        yield _keys(table, path, instrument)


def read_row_groups(path: Path, writer: WriterSpec, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Some columns of ``path``, one table for each row group that has rows; several for a large
    one, of at most :data:`TABLE_ROWS` each."""
    with reading(path):
        summary = writer.summarise(path)
        missing = [name for name in columns if name not in summary.columns]
        if missing:
            raise StoreError(f"{path}: it has no column {', '.join(missing)}")
        first = 0
        ranges = []
        for rows in summary.row_groups:
            end = first + rows
            ranges += [(at, min(TABLE_ROWS, end - at)) for at in range(first, end, TABLE_ROWS)]
            first = end
        yield from writer.scan(path, columns, ranges)


def _keys(table: pa.Table, path: Path, instrument: Instrument) -> SortKeys:
    import polars as pl
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in SORT_KEYS[instrument]:
        nulls = table.column(name).null_count
        if nulls:
            raise StoreError(
                f"{path}: {nulls} rows have no {name}; each row of a store has "
                f"{_listed(SORT_KEYS[instrument])}"
            )
    if instrument != "option":
        return _series_keys(table, instrument)
    right, expiry = (_plain(table.column(name)) for name in ("opt_type", "expiry"))
    codes = pc.index_in(right, pl.Series(RIGHTS).to_arrow().cast(right.type))
    if codes.null_count:
        raise StoreError(f"{path}: opt_type holds other values than {' and '.join(RIGHTS)}")
    return SortKeys(
        expiry=numbers_of(expiry.cast(pa.date32()).cast(pa.int32())).astype("i8"),
        right=numbers_of(codes).astype("i8"),
        strike=numbers_of(table.column("strike")).astype("f4"),
        timestamp=numbers_of(table.column("timestamp").cast(pa.int64())),
    )


def _series_keys(table: pa.Table, instrument: Instrument) -> SortKeys:
    import pyarrow as pa

    expiry = np.full(table.num_rows, (NEVER.date - _EPOCH).days)
    if instrument == "future":
        expiry = numbers_of(table.column("expiry").cast(pa.date32()).cast(pa.int32())).astype("i8")
    return SortKeys(
        expiry=expiry,
        right=np.full(table.num_rows, ALL_RIGHTS.index(NO_RIGHT)),
        strike=np.zeros(table.num_rows, np.float32),
        timestamp=numbers_of(table.column("timestamp").cast(pa.int64())),
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Categorical text as plain text; anything else as it is."""
    import pyarrow as pa

    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _changes(keys: SortKeys, path: Path, row: int, instrument: Instrument) -> Ints:
    """Where a new contract starts (never 0); raises where a row is smaller than the one before."""
    if np.isnan(keys.strike).any():
        raise StoreError(f"{path}: some strikes are not numbers")
    contract_less, contract_equal = _compare((keys.expiry, keys.right, keys.strike))
    less = contract_less | (contract_equal & (keys.timestamp[1:] < keys.timestamp[:-1]))
    if less.any():
        at = int(np.argmax(less)) + 1
        raise UnsortedError(
            f"{path}: row {row + at} belongs before row {row + at - 1}; rows of a store are "
            f"sorted by {', '.join(SORT_KEYS[instrument])}. 'tickloom resort STORE' puts them into "
            "order"
        )
    return np.flatnonzero(~contract_equal) + 1


def _compare(columns: Iterable[npt.NDArray[Any]]) -> tuple[npt.NDArray[np.bool_], Any]:
    """Of each row but the first: is it smaller than the one before, is it equal to it."""
    less: Any = False
    equal: Any = True
    for column in columns:
        less = less | (equal & (column[1:] < column[:-1]))
        equal = equal & (column[1:] == column[:-1])
    return less, equal


def _starts(keys: SortKeys, at: Ints, row: int) -> Iterator[tuple[int, int, int, float]]:
    """First row, expiry, right and strike of the contracts that start at the rows ``at``."""
    return zip(
        (at + row).tolist(),
        keys.expiry[at].tolist(),
        keys.right[at].tolist(),
        keys.strike[at].tolist(),
        strict=True,
    )


def _runs(starts: list[tuple[int, int, int, float]], rows: int) -> list[ContractRun]:
    ends = [*(start[0] for start in starts), rows][1:]
    return [
        ContractRun(_EPOCH + timedelta(days=expiry), ALL_RIGHTS[right], strike, first, end - first)
        for (first, expiry, right, strike), end in zip(starts, ends, strict=True)
    ]


def _tail(keys: SortKeys) -> SortKeys:
    return SortKeys(keys.expiry[-1:], keys.right[-1:], keys.strike[-1:], keys.timestamp[-1:])


def _concat(a: SortKeys, b: SortKeys) -> SortKeys:
    return SortKeys(
        np.concatenate((a.expiry, b.expiry)),
        np.concatenate((a.right, b.right)),
        np.concatenate((a.strike, b.strike)),
        np.concatenate((a.timestamp, b.timestamp)),
    )


def contract_set(path: Path, writer: WriterSpec) -> set[tuple[date, Right, float]]:
    """Expiry, right and strike of each contract in the file at ``path``, sorted or not."""
    found: set[tuple[int, int, float]] = set()
    for keys in read_sort_keys(path, writer):
        starts = np.flatnonzero(~_compare((keys.expiry, keys.right, keys.strike))[1]) + 1
        at = np.concatenate(([0], starts))
        found.update(
            zip(
                keys.expiry[at].tolist(),
                keys.right[at].tolist(),
                keys.strike[at].tolist(),
                strict=True,
            )
        )
    return {
        (_EPOCH + timedelta(days=expiry), ALL_RIGHTS[right], strike)
        for expiry, right, strike in found
    }
