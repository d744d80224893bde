"""Costs reach the loop by day, underlying and expiry, in runs and in sweeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engine.run_stores import MONDAY, MONDAY_NIFTY, build, uneven_frame

import tickloom
from tickloom.engine.orders.charges import lots_on
from tickloom.engine.running.one_set import OneSet
from tickloom.engine.sweeping.many_sets import ManySets
from tickloom.errors import UsageError
from tickloom.store.layout import PartitionKey


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


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (("2025-08-05", "SENSEX"), "lot sizes of SENSEX are not known; known are BANKNIFTY.*lot="),
        (
            ("2020-06-30", "NIFTY"),
            "NSE charges starts on 2020-07-01; 2020-06-30 is earlier.*--from",
        ),
        (("2021-01-08", "FINNIFTY"), "FINNIFTY start with 2021-01-11; 2021-01-08 is earlier"),
    ],
)
@pytest.mark.parametrize("call", [tickloom.run, tickloom.sweep], ids=["run", "sweep"])
def test_what_the_tables_lack_is_told_before_anything_is_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: Callable[..., Any],
    key: tuple[str, str],
    message: str,
) -> None:
    day, underlying = key
    other = PartitionKey(dt.date.fromisoformat(day), underlying)
    frames = {MONDAY: uneven_frame(MONDAY, 1), other: uneven_frame(MONDAY, 2)}
    store = build(tmp_path / "store", frames)
    for inner in (OneSet, ManySets):
        monkeypatch.setattr(inner, "load", lambda *_, **__: pytest.fail("a kernel was loaded"))
    given: dict[str, Any] = {"grid": {"size": [1, 2]}} if call is tickloom.sweep else {}
    with pytest.raises(UsageError, match=message):
        call("buy-and-hold", store, costs="nse", **given)


def test_a_contract_that_expired_before_all_lot_sizes_is_named() -> None:
    expiries = np.array([dt.date(2025, 8, 28).toordinal(), dt.date(2019, 8, 29).toordinal()])
    epoch = dt.date(1970, 1, 1).toordinal()
    with pytest.raises(
        UsageError, match=r"on 2025-08-04 .*NIFTY contracts that expire on 2019-08-29"
    ):
        lots_on("NIFTY", dt.date(2025, 8, 4), expiries - epoch)
