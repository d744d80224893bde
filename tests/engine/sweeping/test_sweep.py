"""A sweep gives each set the results of a run of its own, in one pass, and can be continued."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from tests.engine.run_stores import MONDAY, MONDAY_NIFTY, TUESDAY, build, uneven_frame

import tickloom
from tickloom.cli.sweep import command
from tickloom.engine.columns import slices as schedule
from tickloom.engine.request.grid import grid_values, parameter_sets
from tickloom.engine.sweeping import partitions
from tickloom.engine.sweeping.totals import FILE, Checkpoint
from tickloom.errors import StoreError, UsageError
from tickloom.host import get_host

FRAMES = {
    MONDAY: uneven_frame(MONDAY, 31),
    MONDAY_NIFTY: uneven_frame(MONDAY_NIFTY, 32),
    TUESDAY: uneven_frame(TUESDAY, 33),
}
FAST, SLOW = (2, 3, 4), (5, 8, 13, 21)
GRID = {"fast": "2:4", "slow": "5,8,13,21"}
FIXED = {"max_spread": 0.05}
EMA = get_host().kernels.get("ema-cross")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("sweep") / "store", FRAMES)


@pytest.fixture(scope="module")
def singles(store: Path) -> list[tuple[int, int, int, float]]:
    """Fast, slow, trades and profit of each set, by a run of its own."""
    found = []
    for fast, slow in itertools.product(FAST, SLOW):
        run = tickloom.run("ema-cross", store, params={**FIXED, "fast": fast, "slow": slow})
        found.append((fast, slow, run.trades, run.pnl))
    return found


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "SLICE_ROWS", 60)
    monkeypatch.setattr(schedule, "SMALLEST_SLICE", 1)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_each_set_has_the_results_of_its_own_run(
    store: Path, singles: list[tuple[int, int, int, float]], workers: int
) -> None:
    result = tickloom.sweep("ema-cross", store, grid=GRID, params=FIXED, workers=workers)
    assert result.table.columns == ["fast", "slow", "trades", "pnl"]
    assert result.table.rows() == singles
    assert len({row[3] for row in singles}) > 6
    assert result.sets == 12
    assert result.rows == sum(frame.height for frame in FRAMES.values())
    assert (result.partitions, result.contracts) == (3, 84)


def test_the_hot_tier_gives_the_same(
    tmp_path: Path, singles: list[tuple[int, int, int, float]]
) -> None:
    store = build(tmp_path / "store", FRAMES)
    result = tickloom.sweep("ema-cross", store, grid=GRID, params=FIXED, hot=True)
    assert result.table.rows() == singles


def test_other_fills_give_the_results_of_their_own_runs(store: Path) -> None:
    result = tickloom.sweep("ema-cross", store, grid={"fast": [2, 3]}, params=FIXED, fill="touch")
    for fast, trades, pnl in result.table.rows():
        alone = tickloom.run("ema-cross", store, params={**FIXED, "fast": fast}, fill="touch")
        assert (trades, pnl) == (alone.trades, alone.pnl)


def test_the_best_set_has_the_highest_profit(
    store: Path, singles: list[tuple[int, int, int, float]]
) -> None:
    result = tickloom.sweep("ema-cross", store, grid=GRID, params=FIXED)
    fast, slow, trades, pnl = max(singles, key=lambda row: row[3])
    assert result.best == {"params": {"fast": fast, "slow": slow}, "trades": trades, "pnl": pnl}
    profits = sorted((row[3] for row in singles), reverse=True)
    assert result.top(5)["pnl"].to_list() == profits[:5]


def test_two_parameters_make_a_heat_map(
    store: Path, singles: list[tuple[int, int, int, float]]
) -> None:
    heat = tickloom.sweep("ema-cross", store, grid=GRID, params=FIXED).heat()
    assert heat is not None
    down, across, cells = heat
    assert (tuple(down), tuple(across)) == (FAST, SLOW)
    assert {(f, s): cells[i][j] for i, f in enumerate(FAST) for j, s in enumerate(SLOW)} == {
        (f, s): pnl for f, s, _, pnl in singles
    }
    assert tickloom.sweep("ema-cross", store, grid={"fast": "2:3"}).heat() is None


@pytest.mark.parametrize("done", [1, 2])
def test_an_interrupted_sweep_continues(
    store: Path,
    singles: list[tuple[int, int, int, float]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    done: int,
) -> None:
    plain, seen = partitions.add, []

    def stopping(*arguments: Any) -> None:
        if len(seen) == done:
            raise KeyboardInterrupt
        seen.append(arguments)
        plain(*arguments)

    monkeypatch.setattr(partitions, "add", stopping)
    with pytest.raises(KeyboardInterrupt):
        tickloom.sweep("ema-cross", store, grid=GRID, params=FIXED, out=tmp_path)
    assert (tmp_path / FILE).exists()
    monkeypatch.setattr(partitions, "add", plain)
    result = tickloom.sweep("ema-cross", store, grid=GRID, params=FIXED, out=tmp_path)
    assert result.resumed == done
    assert result.table.rows() == singles
    assert result.rows == sum(frame.height for frame in FRAMES.values())
    assert 0 < result.rows_swept < result.rows
    assert not (tmp_path / FILE).exists()
    assert pl.read_parquet(tmp_path / "sets.parquet").equals(result.table)
    assert pl.read_csv(tmp_path / "sets.csv")["trades"].to_list() == [row[2] for row in singles]


@pytest.mark.parametrize(
    "other",
    [
        {"grid": {"fast": "2:5"}},
        {"params": {"max_spread": 0.04}},
        {"right": "CE"},
        {"fill": "touch"},
        {"costs": "fee=1"},
        {"start": "2025-08-05"},
    ],
)
def test_what_is_left_of_another_sweep_is_refused(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    monkeypatch.setattr(Checkpoint, "clear", lambda self: None)
    settings: dict[str, Any] = {"grid": {"fast": "2:4"}, "params": FIXED, "out": tmp_path}
    tickloom.sweep("ema-cross", store, **settings)
    with pytest.raises(UsageError, match="belongs to another sweep"):
        tickloom.sweep("ema-cross", store, **(settings | other))


def test_a_damaged_checkpoint_is_refused(store: Path, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(UsageError, match="delete it to start over"):
        tickloom.sweep("ema-cross", store, grid={"fast": "2:4"}, out=tmp_path)


def test_a_partition_without_values_is_left_out(tmp_path: Path) -> None:
    empty = FRAMES[MONDAY_NIFTY].with_columns(pl.lit(None, pl.Float64).alias("bp0"))
    store = build(tmp_path / "store", {MONDAY: FRAMES[MONDAY], MONDAY_NIFTY: empty})
    result = tickloom.sweep("ema-cross", store, grid={"fast": "2:3"}, params=FIXED)
    assert [s.partition for s in result.partitions_skipped] == [str(MONDAY_NIFTY)]
    assert result.rows == FRAMES[MONDAY].height
    with pytest.raises(StoreError, match="nothing but nulls"):
        tickloom.sweep("ema-cross", store, grid={"fast": "2:3"}, underlyings=["NIFTY"])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3:6", ["3", "4", "5", "6"]),
        ("15,18,21", ["15", "18", "21"]),
        ("0.1:0.5:0.2", ["0.1", "0.3", "0.5"]),
        ("1:2,10", ["1", "2", "10"]),
        ("5", ["5"]),
        ("1:4:2", ["1", "3"]),
    ],
)
def test_grid_values(text: str, values: list[str]) -> None:
    assert grid_values(text) == values


@pytest.mark.parametrize("text", ["", "3:", "5:3", "1:2:0", "1:2:3:4", "a:b", "1,,2"])
def test_grid_values_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="grid values are written"):
        grid_values(text)


@pytest.mark.parametrize(
    ("grid", "fixed", "message"),
    [
        ({}, {}, "a sweep needs a grid"),
        ({"fast": ["2"]}, {"fast": "3"}, "both in the grid and fixed"),
        ({"fast": ["2", "2"]}, {}, "'fast' has a value twice"),
        ({"fast": []}, {}, "'fast' has no values"),
        ({"quick": ["2"]}, {}, "no parameter 'quick'"),
        ({"fast": ["0"]}, {}, "must be from 1"),
        ({"fast": range(1, 2001), "slow": range(1, 2001)}, {}, "4,000,000 combinations"),
    ],
)
def test_grids_that_cannot_be_meant(
    grid: dict[str, Any], fixed: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        parameter_sets(EMA, grid, fixed)


def test_the_command_prints_one_object(store: Path) -> None:
    arguments = ["ema-cross", str(store), "--grid", "fast=2:4", "--grid", "slow=5,8", "--json"]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    found = json.loads(result.stdout)
    assert found["sets"] == 6
    assert {"sets", "rows", "elapsed_s", "row_params_per_s", "best"} <= set(found)
    assert set(found["best"]["params"]) == {"fast", "slow"}


def test_the_command_prints_a_table_and_a_heat_map(store: Path) -> None:
    arguments = ["ema-cross", str(store), "--grid", "fast=2:4", "--grid", "slow=5,8", "--top", "3"]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("6 sets of ema-cross over")
    assert lines[2].split() == ["fast", "slow", "trades", "PnL"]
    assert "PnL, fast down, slow across" in lines
    assert lines[-4].split() == ["5", "8"]
    assert [line.split()[0] for line in lines[-3:]] == ["2", "3", "4"]
