"""Cuts the selected contracts into slices of whole contracts, and orders them for the workers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from tickloom.engine.columns.hot_file import HotFile
from tickloom.errors import StoreError
from tickloom.schema import ROW_GROUP_ROWS
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.contract_columns import EPOCH, ContractColumns

SLICE_ROWS: Final = 10 * ROW_GROUP_ROWS
"""Rows that a slice aims at. Opening a file costs 1.7 ms and decoding a million rows 16 ms on one
core (4 columns, zstd, 30 row groups), so smaller slices waste time and larger ones memory."""

SMALLEST_SLICE: Final = 2 * ROW_GROUP_ROWS
"""A slice is not cut smaller than this to keep more workers busy."""

SLICES_PER_WORKER: Final = 4
"""A small run is cut into about this many slices a worker, so that none of them waits for long."""

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slice:
    """Whole contracts of one partition, in store order: what one worker does at a time.

    It can be pickled. ``n`` is its number of contracts.
    """

    partition: int
    """Which of the run's partitions it belongs to."""

    key: PartitionKey
    """Its day and underlying."""

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

    def contract(self, place: int) -> str:
        """The name of its contract number ``place``."""
        return _name(self.expiries[place], self.calls[place], self.strikes[place])

    @property
    def label(self) -> str:
        """What a user knows it by."""
        return f"{self.key}, contracts {self.first:,} to {self.first + len(self.starts) - 1:,}"

    @property
    def total(self) -> int:
        """Its number of rows."""
        return int(self.rows.sum())


def check_order(key: PartitionKey, contracts: ContractColumns) -> None:
    """Raise :class:`StoreError`, naming ``resort``, unless each contract is one run of rows and
    they ascend by expiry, right and strike."""
    expiries, puts, strikes = contracts.expiries, ~contracts.calls, contracts.strikes
    same = expiries[1:] == expiries[:-1]
    ascends = (
        (expiries[1:] > expiries[:-1])
        | (same & (puts[1:] > puts[:-1]))
        | (same & (puts[1:] == puts[:-1]) & (strikes[1:] > strikes[:-1]))
    )
    if not ascends.all():
        wrong = int(np.argmin(ascends)) + 1
        raise StoreError(
            f"partition {key} is not sorted by expiry, opt_type and strike: "
            f"{_named(contracts, wrong)} follows {_named(contracts, wrong - 1)} at row "
            f"{contracts.starts[wrong]}; put it into order with 'tickloom resort STORE'"
        )


def cut(
    partition: int,
    key: PartitionKey,
    file: Path,
    contracts: ContractColumns,
    target: int,
    hot: HotFile | None = None,
) -> Iterable[Slice]:
    """Cut ``contracts`` of one partition, one at least, into slices of about ``target`` rows."""
    rows = contracts.rows
    total = int(rows.sum())
    # A contract goes where its middle row falls: sizes stay near the target on both sides.
    middle = np.cumsum(rows) - (rows + 1) // 2
    pieces = max(1, round(total / target))
    piece = middle * pieces // max(1, total)
    edges = np.flatnonzero(np.diff(piece, prepend=-1, append=pieces)).tolist()
    for low, high in pairwise(edges):
        part = slice(low, high)
        yield Slice(
            partition=partition,
            key=key,
            file=file,
            hot=hot,
            first=low,
            starts=contracts.starts[part],
            rows=rows[part],
            expiries=contracts.expiries[part],
            strikes=contracts.strikes[part],
            calls=contracts.calls[part],
        )


def target_rows(total: int, workers: int) -> int:
    """Rows that a slice should have in a run of ``total`` rows over ``workers``."""
    even = total // (workers * SLICES_PER_WORKER)
    return min(SLICE_ROWS, max(SMALLEST_SLICE, even))


def largest_first(slices: Iterable[Slice]) -> list[Slice]:
    """The order in which slices are given to workers; equal sizes keep the store's order."""
    return sorted(slices, key=lambda s: -s.total)


def are_few(slices: Sequence[Slice]) -> bool:
    """Whether a second worker would wait longer than it works: threads take turns at what the
    interpreter does for each slice. One contract on each of 12 days took 10 ms from the hot tier
    instead of 14."""
    return len(slices) <= 1 or sum(part.total for part in slices) < SMALLEST_SLICE


def _named(contracts: ContractColumns, place: int) -> str:
    return _name(contracts.expiries[place], contracts.calls[place], contracts.strikes[place])


def _name(expiry: np.int64, call: np.bool_, strike: np.float64) -> str:
    return f"{date.fromordinal(int(expiry) + EPOCH)} {'CE' if call else 'PE'} {strike:g}"
