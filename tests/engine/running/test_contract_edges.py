"""Contracts of one row, of a whole file, without a usable row, next to one that differs in nothing
but the expiry; partitions without rows: the plain Python account, for each kind of kernel."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.engine import scripted as kernels
from tests.engine.booked_stores import MONDAY, contracts_of, day_of, moved, packed_store, scripted
from tests.engine.run_stores import build
from tests.engine.scripted import each_kernel
from tests.oracles.fills import Rules, run_contract

import tickloom
from tickloom import KernelSpec
from tickloom.errors import StoreError
from tickloom.store.layout import PartitionKey

KEYS = [PartitionKey(dt.date(2025, 6, day), "BANKNIFTY") for day in (2, 3, 4)]
EXPIRIES = [dt.date(2025, 6, 26), dt.date(2025, 7, 31), dt.date(2025, 8, 28)]
ROWS = 160

FILLS: list[tuple[dict[str, Any], Rules]] = [
    ({"costs": "fee=0.5"}, Rules(per_contract=0.5)),
    ({"fill": "depth", "latency": 1}, Rules("depth", latency_ticks=1)),
]

each_fill = pytest.mark.parametrize(("fill", "rules"), FILLS, ids=["last", "depth"])


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """One contract of 160 rows; it always wants a position, so that one that is carried on into
    the next contract shows."""
    packed = day_of(packed_store(tmp_path_factory.mktemp("packed"), seed=8), MONDAY)
    found = moved(packed.filter(strike=54000, opt_type="CE"), MONDAY, KEYS[0].date, EXPIRIES[0])
    assert found.height == ROWS
    priced = pl.col("price").fill_null(101.5).replace(0.0, 98.5)
    return found.with_columns(
        priced, qty=pl.when(pl.col("qty") < 0).then(pl.lit(-2, pl.Int64)).otherwise(1)
    )


def neighbours(contract: pl.DataFrame) -> pl.DataFrame:
    """Three contracts that differ in the expiry alone; the second has one row."""
    pieces = [contract[:50], contract[50:51], contract[51:]]
    expiries = zip(pieces, EXPIRIES, strict=True)
    return pl.concat(piece.with_columns(expiry=pl.lit(day)) for piece, day in expiries)


def one_row_each(contract: pl.DataFrame) -> pl.DataFrame:
    strikes = pl.int_range(53000, 53000 + 100 * ROWS, 100).cast(pl.Float32)
    return contract.with_columns(strike=strikes)


def without_prices(frame: pl.DataFrame, price: float | None = None) -> pl.DataFrame:
    """The contract in the middle has no usable price."""
    middle = pl.col("expiry") == EXPIRIES[1]
    lost = pl.when(middle).then(pl.lit(price, pl.Float64)).otherwise(pl.col("price"))
    return frame.with_columns(price=lost)


def longer_middle(contract: pl.DataFrame) -> pl.DataFrame:
    pieces = [contract[:20], contract[20:140], contract[140:]]
    expiries = zip(pieces, EXPIRIES, strict=True)
    return pl.concat(piece.with_columns(expiry=pl.lit(day)) for piece, day in expiries)


SHAPES = {
    "one contract is the whole file": (lambda c: c, 1),
    "each contract has one row": (one_row_each, ROWS),
    "neighbours differ in the expiry": (neighbours, 3),
    "the middle contract has null prices": (lambda c: without_prices(longer_middle(c)), 3),
    "the middle contract has zero prices": (lambda c: without_prices(longer_middle(c), 0.0), 3),
    "no price is above zero": (lambda c: c.with_columns(price=pl.lit(0.0)), 1),
}


def check(kernel: KernelSpec, store: Path, fill: dict[str, Any], rules: Rules) -> int:
    """Compare a run and a sweep with plain Python; the number of contracts."""
    result = tickloom.run(kernel, store, log=True, **fill)
    wanted = [run_contract(ticks, scripted, rules) for ticks in contracts_of(store)]
    found = result.table.select("trades", "unfilled", "partial", "rows_skipped").rows()
    assert found == [(len(b.trades), b.unfilled, b.partial, skipped) for b, skipped in wanted]
    profits = [b.gross - b.fees for b, _ in wanted]
    assert result.table["pnl"].to_list() == pytest.approx(profits, rel=1e-9, abs=1e-9)
    assert result.trade_log is not None
    assert result.trade_log["size"].to_list() == [t.size for b, _ in wanted for t in b.trades]
    step = tickloom.run(kernels.SIZED, store, log=True, **fill)
    assert result.table.equals(step.table)
    assert step.trade_log is not None
    assert result.trade_log.equals(step.trade_log)
    swept = tickloom.sweep(kernel, store, grid={"bound": [1, 2]}, **fill).table
    assert swept.select("trades", "pnl").rows() == [(result.trades, result.pnl)] * 2
    return result.contracts


@each_kernel
@each_fill
@pytest.mark.parametrize("shape", SHAPES)
def test_a_contract_s_account_is_its_own(
    tmp_path: Path,
    contract: pl.DataFrame,
    kernel: KernelSpec,
    fill: dict[str, Any],
    rules: Rules,
    shape: str,
) -> None:
    make, contracts = SHAPES[shape]
    store = build(tmp_path / "store", {KEYS[0]: make(contract)}, row_group_rows=30)
    assert check(kernel, store, fill, rules) == contracts


@each_kernel
@each_fill
def test_a_partition_without_rows_changes_nothing(
    tmp_path: Path, contract: pl.DataFrame, kernel: KernelSpec, fill: dict[str, Any], rules: Rules
) -> None:
    """Nor does one without a price, which is left out and told."""
    empty, unpriced = contract[:0], contract.with_columns(price=pl.lit(None, pl.Float64))
    frames = dict(zip(KEYS, (empty, neighbours(contract), empty), strict=True))
    store = build(tmp_path / "store", frames)
    assert check(kernel, store, fill, rules) == 3
    alone = tickloom.run(kernel, store, start=KEYS[0].date, end=KEYS[0].date, **fill)
    assert (alone.contracts, alone.rows, alone.trades, alone.pnl) == (0, 0, 0, 0.0)
    swept = tickloom.sweep(kernel, store, grid={"bound": [1]}, end=KEYS[0].date, **fill)
    assert swept.table["pnl"].to_numpy().tobytes() == np.zeros(1).tobytes(), "not -0.0"
    other = build(tmp_path / "other", frames | {KEYS[2]: unpriced})
    result = tickloom.run(kernel, other, **fill)
    assert [s.partition for s in result.partitions_skipped] == [str(KEYS[2])]
    assert result.table.equals(tickloom.run(kernel, store, **fill).table)
    with pytest.raises(StoreError, match="'price' holds nothing but nulls in 2025-06-04/BANKNIFTY"):
        tickloom.run(kernel, other, start=KEYS[2].date, **fill)
