"""Volumes whose difference no int64 holds: a store of an older version may have such rows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from tests.store.store_data import KEY, index_of, partition_frame, write_file

from tickloom import Contract, ContractSlice, Expiry, PartitionContext
from tickloom.host import get_host
from tickloom.store.verify import verify_store
from tickloom.store.writer import StoreWriter

LEAST, MOST = -(2**63), 2**63 - 1
DAY = dt.date(2025, 8, 28)
CONTRACT = Contract("BANKNIFTY", "monthly", "2025-08", "CE", 54000.0)

CASES = [
    ([500, LEAST, 600], [0, 0, 0]),
    ([LEAST, MOST], [0, 0]),
    ([-2, MOST], [0, 0]),
    ([0, MOST, 0], [0, MOST, 0]),
    ([-1, MOST - 1], [0, MOST]),
    ([-5, None, -5, -2], [0, None, 0, 3]),
]


@pytest.mark.parametrize(("volumes", "expected"), CASES)
def test_a_difference_never_wraps(volumes: list[int | None], expected: list[int | None]) -> None:
    expiry = Expiry(date=DAY, scheduled=DAY, kind="monthly")
    whole = ContractSlice(contract=CONTRACT, expiry=expiry, start=0, rows=len(volumes))
    context = PartitionContext(symbol="", date=DAY, slices=(whole,))
    [spec] = [o.spec for o in get_host().transforms if o.spec.name == "vol-delta"]
    frame = pl.DataFrame({"volume": pl.Series(volumes, dtype=pl.Int64)})
    assert spec.apply(frame, context)["vol_delta"].to_list() == expected


@pytest.mark.parametrize(("volumes", "expected"), CASES)
def test_verify_computes_the_same_and_finds_what_wrapped(
    tmp_path: Path, volumes: list[int | None], expected: list[int | None]
) -> None:
    frame = partition_frame(KEY, ticks=len(volumes), strikes=(100,))
    times = frame.height // len(volumes)
    for wrong in (False, True):
        deltas = pl.Series(expected * times, dtype=pl.Int64)
        if wrong:
            deltas[len(volumes) - 1] = 2**63 - 5
        changed = frame.with_columns(
            volume=pl.Series(volumes * times, dtype=pl.Int64), vol_delta=deltas
        )
        store = tmp_path / str(wrong)
        with StoreWriter.open(store, create=True) as writer:
            staged = writer.stage(KEY)
            write_file(staged, changed)
            writer.commit(KEY, staged, index_of(changed))
        problems = [problem.reason for problem in verify_store(store, deep=True).problems]
        what = "vol_delta is not what the other columns make it in 1 rows"
        assert problems == ([what] if wrong else [])
