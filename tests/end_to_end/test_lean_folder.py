"""Another vendor's real data, packed and traded by commands alone: only the reader differs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.oracles.ema_cross import ema_cross
from tests.oracles.lean import read_day

from tickloom.schema import STORED_COLUMNS


def tickloom(*args: str | Path) -> Any:
    """Run the command line in a process of its own; its JSON."""
    command = [sys.executable, "-m", "tickloom", *map(str, args), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def packed(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    store = tmp_path_factory.mktemp("lean") / "store"
    report = tickloom("pack", shared / "data/lean", store)
    return store, report


def number(value: float | None) -> float:
    return float("nan") if value is None else value


@pytest.mark.slow
def test_everything_is_packed_and_the_licence_ignored(packed: tuple[Path, Any]) -> None:
    store, report = packed
    assert (report["files"], report["files_ignored"], report["partitions"]) == (5, 1, 2)
    assert report["quarantined"] == []
    assert report["rows_read"] == report["rows_written"] == 275_587 + 22_067
    apple = pl.read_parquet(store / "2014-06-06/AAPL/part-aapl-0.parquet")
    assert apple.columns == [column.name for column in STORED_COLUMNS]
    assert apple["bp0"].dtype == pl.Float64
    assert apple["bp0"].null_count() == apple.height


@pytest.mark.slow
def test_the_strategy_trades_on_it_as_the_plain_loop_does(
    packed: tuple[Path, Any], shared: Path
) -> None:
    report = tickloom("run", "ema-cross", packed[0], "--param", "max_spread=0.05")
    without_quotes = {"partition": "2014-06-06/AAPL", "column": "bp0", "rows": 22_067}
    assert report["partitions_skipped"] == [without_quotes]
    trades, pnl, rows = 0, 0.0, 0
    for contract in read_day(shared / "data/lean/usa/minute/goog", "20151224").values():
        ticks = [
            (number(row["price"]), number(row["bp0"]), number(row["sp0"]), row["volume"])
            for row in contract
        ]
        won, opened, _ = ema_cross(ticks, max_spread=0.05)
        trades, pnl, rows = trades + opened, pnl + won, rows + len(ticks)
    assert report["trades"] == trades > 0
    assert report["pnl"] == pytest.approx(pnl, abs=1e-9)
    assert report["rows"] == rows
