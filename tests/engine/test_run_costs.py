"""Costs reach the loop by day, underlying and expiry, in runs and in sweeps."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine.run_stores import MONDAY, MONDAY_NIFTY, build, uneven_frame

import tickloom
from tickloom.errors import UsageError


@pytest.fixture
def store(tmp_path: Path) -> Path:
    frames = {MONDAY: uneven_frame(MONDAY, 1), MONDAY_NIFTY: uneven_frame(MONDAY_NIFTY, 2)}
    return build(tmp_path / "store", frames, row_group_rows=100)


def test_a_fee_and_a_lot_turn_points_into_money(store: Path) -> None:
    points = tickloom.run("buy-and-hold", store).table
    money = tickloom.run("buy-and-hold", store, costs="fee=1.5,lot=10").table
    assert points["trades"].sum() > 0
    for before, after in zip(points.to_dicts(), money.to_dicts(), strict=True):
        assert after["costs"] == 2 * 1.5 * before["trades"]
        assert after["pnl"] == pytest.approx(10 * before["pnl"] - after["costs"], abs=1e-9)


def test_nse_charges_depend_on_the_underlying(store: Path) -> None:
    points = tickloom.run("buy-and-hold", store).table.to_dicts()
    money = tickloom.run("buy-and-hold", store, costs="nse").table.to_dicts()
    lots = {
        row["underlying"]: round((after["pnl"] + after["costs"]) / row["pnl"])
        for row, after in zip(points, money, strict=True)
        if abs(row["pnl"]) > 0.01
    }
    assert lots == {"BANKNIFTY": 35, "NIFTY": 75}


def test_a_sweep_pays_what_single_runs_pay(store: Path) -> None:
    swept = tickloom.sweep("buy-and-hold", store, grid={"size": [1, 2]}, costs="nse").table
    for row in swept.to_dicts():
        alone = tickloom.run("buy-and-hold", store, params={"size": row["size"]}, costs="nse")
        assert row["pnl"] == alone.pnl


def test_costs_that_cannot_be_read_are_refused(store: Path) -> None:
    with pytest.raises(UsageError, match="costs must be 'none', 'nse'"):
        tickloom.run("buy-and-hold", store, costs="bse")
