"""Slices are whole contracts, cover each contract once, and go largest first."""

from __future__ import annotations

import random
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from tickloom.engine.columns.slices import (
    SLICE_ROWS,
    SMALLEST_SLICE,
    check_order,
    cut,
    largest_first,
    target_rows,
)
from tickloom.errors import StoreError
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.contract_columns import ContractColumns
from tickloom.store.partitions.index import ContractRows

KEY = PartitionKey(date(2025, 8, 1), "NIFTY")


def contracts(sizes: list[int]) -> list[ContractRows]:
    found, first = [], 0
    for strike, rows in enumerate(sizes):
        found.append(
            ContractRows(None, date(2025, 8, 7), "weekly", "CE", float(strike), first, rows)
        )
        first += rows
    return found


@pytest.mark.parametrize("seed", range(20))
def test_slices_cover_every_contract_once_and_in_order(seed: int) -> None:
    rng = random.Random(seed)
    sizes = [rng.choice([1, 5, 50, 500, 5000]) for _ in range(rng.randint(1, 60))]
    given = contracts(sizes)
    target = rng.choice([1, 100, 1000, 100_000])
    slices = list(cut(3, KEY, Path("f"), ContractColumns.of(given), target))
    starts = [s for part in slices for s in part.starts.tolist()]
    assert starts == [c.first_row for c in given]
    assert [r for part in slices for r in part.rows.tolist()] == sizes
    assert [p.first for p in slices] == [
        sum(len(q.starts) for q in slices[:i]) for i in range(len(slices))
    ]
    # No slice is larger than the target by more than the contract that fills it up.
    assert all(p.total <= 1.5 * target + p.rows.max() for p in slices)


def test_a_slice_knows_its_contracts() -> None:
    given = [
        ContractRows(None, date(1970, 1, 3), "weekly", "CE", 100.0, 0, 4),
        ContractRows(None, date(1970, 1, 3), "weekly", "PE", 102.5, 4, 6),
    ]
    (part,) = cut(0, KEY, Path("f"), ContractColumns.of(given), 1000)
    assert part.expiries.tolist() == [2, 2]
    assert part.strikes.tolist() == [100.0, 102.5]
    assert part.calls.tolist() == [True, False]
    assert part.total == 10


def test_a_large_partition_is_split() -> None:
    slices = list(cut(0, KEY, Path("f"), ContractColumns.of(contracts([100] * 40)), 1000))
    assert [s.total for s in slices] == [1000] * 4


def test_the_largest_slice_goes_first() -> None:
    slices = list(cut(0, KEY, Path("f"), ContractColumns.of(contracts([10, 900, 30, 900])), 1))
    assert [s.total for s in largest_first(slices)] == [900, 900, 30, 10]
    assert [s.first for s in largest_first(slices)] == [1, 3, 2, 0]


def test_slices_are_bounded_and_enough_for_all_workers() -> None:
    assert target_rows(500_000_000, 2) == SLICE_ROWS
    assert target_rows(8_000_000, 4) == 500_000
    assert target_rows(1_000, 8) == SMALLEST_SLICE


def test_an_order_that_goes_back_names_resort() -> None:
    fine = contracts([5, 5, 5])
    check_order(KEY, ContractColumns.of(fine))
    with pytest.raises(StoreError, match=r"2025-08-01/NIFTY is not sorted.*tickloom resort"):
        check_order(KEY, ContractColumns.of([fine[0], fine[2], fine[1]]))


def test_a_contract_in_two_runs_names_resort() -> None:
    fine = contracts([5, 5])
    with pytest.raises(StoreError, match="2025-08-07 CE 0 follows 2025-08-07 CE 0 at row 0"):
        check_order(KEY, ContractColumns.of([fine[0], fine[0]]))


def test_contracts_ascend_by_expiry_then_right_then_strike() -> None:
    order = [
        (expiry, right, strike)
        for expiry in (date(2025, 8, 7), date(2025, 8, 14))
        for right in ("CE", "PE")
        for strike in (99.5, 100.0)
    ]
    for first, second in product(range(len(order)), repeat=2):
        pair = [
            ContractRows(None, expiry, "weekly", right, strike, row, 1)  # type: ignore[arg-type]
            for row, (expiry, right, strike) in enumerate((order[first], order[second]))
        ]
        if first < second:
            check_order(KEY, ContractColumns.of(pair))
            continue
        expiry, right, strike = order[second]
        with pytest.raises(StoreError, match=f"{expiry} {right} {strike:g} follows .* at row 1"):
            check_order(KEY, ContractColumns.of(pair))
