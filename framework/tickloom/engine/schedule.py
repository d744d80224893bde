"""Cuts the selected contracts into slices of whole contracts, and orders them for the workers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tickloom.engine.hot_file import HotFile
from tickloom.errors import StoreError
from tickloom.schema import ROW_GROUP_ROWS
from tickloom.store.index import ContractIndex, ContractRows
from tickloom.store.layout import PartitionKey

SLICE_ROWS: Final = 10 * ROW_GROUP_ROWS
"""Rows that a slice aims at. Opening a file costs 1.7 ms and decoding a million rows 16 ms on one
core (4 columns, zstd, 30 row groups), so smaller slices waste time and larger ones memory."""

SMALLEST_SLICE: Final = 2 * ROW_GROUP_ROWS
"""A slice is not cut smaller than this to keep more workers busy."""

SLICES_PER_WORKER: Final = 4
"""A small run is cut into about this many slices a worker, so that none of them waits for long."""

EPOCH: Final = date(1970, 1, 1).toordinal()

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slice:
    """Whole contracts of one partition, in store order: what one worker does at a time.

    It can be pickled. ``n`` is its number of contracts.
    """

    partition: int
    """Which of the run's partitions it belongs to."""

    key: PartitionKey | None
    """Its day and underlying, where costs ask for them."""

    file: Path
    """The partition's file."""

    hot: HotFile | None
    """Its hot file, where that is read instead."""

    first: int
    """Its first contract, counted over the partition's selected contracts."""

    starts: Int64
    """``int64[n]``: first row of each contract in the file, ascending."""

    rows: Int64
    """``int64[n]``: rows of each contract, never 0."""

    expiries: Int64
    """``int64[n]``: expiry of each contract, days since 1970-01-01."""

    strikes: Float64
    """``float64[n]``: strike of each contract."""

    calls: npt.NDArray[np.bool_]
    """``bool[n]``: True for calls."""

    @property
    def total(self) -> int:
        """Its number of rows."""
        return int(self.rows.sum())


def check_order(key: PartitionKey, index: ContractIndex) -> None:
    """Raise :class:`StoreError`, naming ``resort``, unless each contract is one run of rows and
    they ascend by expiry, right and strike."""
    previous: tuple[Any, ...] = ()
    for contract in index.contracts:
        current = (contract.expiry, contract.right, contract.strike)
        if previous and not previous < current:
            raise StoreError(
                f"partition {key} is not sorted by expiry, opt_type and strike: "
                f"{_named(current)} follows {_named(previous)} at row {contract.first_row}; "
                f"put it into order with 'tickloom resort STORE'"
            )
        previous = current


def cut(
    partition: int,
    file: Path,
    contracts: Sequence[ContractRows],
    target: int,
    hot: HotFile | None = None,
    key: PartitionKey | None = None,
) -> Iterable[Slice]:
    """Cut ``contracts`` of one partition into slices of about ``target`` rows."""
    rows = np.fromiter((c.rows for c in contracts), np.int64, len(contracts))
    # A contract goes where its middle row falls: sizes stay near the target on both sides.
    middle = np.cumsum(rows) - (rows + 1) // 2
    pieces = max(1, round(int(rows.sum()) / target))
    piece = middle * pieces // max(1, int(rows.sum()))
    edges = np.flatnonzero(np.diff(piece, prepend=-1, append=pieces)).tolist()
    for low, high in pairwise(edges):
        part = contracts[low:high]
        yield Slice(
            partition=partition,
            key=key,
            file=file,
            hot=hot,
            first=low,
            starts=np.fromiter((c.first_row for c in part), np.int64, len(part)),
            rows=rows[low:high].copy(),
            expiries=np.fromiter((c.expiry.toordinal() - EPOCH for c in part), np.int64, len(part)),
            strikes=np.fromiter((c.strike for c in part), np.float64, len(part)),
            calls=np.fromiter((c.right == "CE" for c in part), np.bool_, len(part)),
        )


def target_rows(total: int, workers: int) -> int:
    """Rows that a slice should have in a run of ``total`` rows over ``workers``."""
    even = total // (workers * SLICES_PER_WORKER)
    return min(SLICE_ROWS, max(SMALLEST_SLICE, even))


def largest_first(slices: Iterable[Slice]) -> list[Slice]:
    """The order in which slices are given to workers; equal sizes keep the store's order."""
    return sorted(slices, key=lambda s: -s.total)


def _named(key: tuple[Any, ...]) -> str:
    expiry, right, strike = key
    return f"{expiry} {right} {strike:g}"
