"""The same bits whatever the work is spread over, however it is cut, and from the hot tier too."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.engine.run_stores import MONDAY, MONDAY_NIFTY, TUESDAY, build, uneven_frame
from tests.oracles.ema_cross import ema_cross

import tickloom
from tickloom.engine.columns import hot_build
from tickloom.engine.columns import slices as schedule
from tickloom.engine.running import collect, walk
from tickloom.engine.running.results import RunResult

FRAMES = {
    MONDAY: uneven_frame(MONDAY, 11),
    MONDAY_NIFTY: uneven_frame(MONDAY_NIFTY, 12),
    TUESDAY: uneven_frame(TUESDAY, 13),
}
PARAMS = {"max_spread": 0.05, "fast": 2, "slow": 5}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("same") / "store", FRAMES)


@pytest.fixture(scope="module")
def reference(store: Path) -> RunResult:
    return run(store, workers=1)


def run(store: Path, **options: Any) -> RunResult:
    return tickloom.run("ema-cross", store, params=PARAMS, log=True, **options)


@contextmanager
def slices_of(rows: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "SLICE_ROWS", rows)
        patch.setattr(schedule, "SMALLEST_SLICE", 1)
        yield


def assert_same(result: RunResult, reference: RunResult) -> None:
    assert result.table.equals(reference.table)
    assert result.trade_log is not None
    assert reference.trade_log is not None
    assert result.trade_log.equals(reference.trade_log)
    assert math.copysign(1, result.pnl) == math.copysign(1, reference.pnl)
    totals = ("pnl", "trades", "rows", "rows_skipped", "contracts", "partitions")
    assert [getattr(result, t) for t in totals] == [getattr(reference, t) for t in totals]


def test_the_results_are_the_oracle_s(reference: RunResult) -> None:
    wanted, total = [], 0.0
    for key in sorted(FRAMES):
        filled = FRAMES[key].with_columns(
            pl.col("price", "bp0", "sp0").fill_null(float("nan")), pl.col("volume").fill_null(0)
        )
        for _, rows in filled.group_by("expiry", "opt_type", "strike", maintain_order=True):
            ticks = rows.select("price", "bp0", "sp0", "volume").rows()
            wanted.append(ema_cross(ticks, 2, 5, 0.05, 1))
            total += wanted[-1][0]
    assert reference.table.select("pnl", "trades", "rows_skipped").rows() == wanted
    assert reference.pnl == total
    assert reference.trades > 100


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("rows", [1, 50, 1000])
def test_any_number_of_threads_and_any_slices(
    store: Path, reference: RunResult, workers: int, rows: int
) -> None:
    with slices_of(rows):
        assert_same(run(store, workers=workers), reference)


@pytest.mark.parametrize("rows", [7, 100, 5000])
def test_any_size_of_row_group(tmp_path: Path, reference: RunResult, rows: int) -> None:
    key = MONDAY
    store = build(tmp_path / "store", {key: FRAMES[key]}, row_group_rows=rows)
    wanted = reference.table.filter(date=key.date, underlying=key.underlying)
    assert run(store).table.equals(wanted)


@pytest.mark.parametrize("batch", [1, 40, 1_000_000])
@pytest.mark.parametrize("rows", [60, 1_000_000])
def test_the_hot_tier(
    tmp_path: Path, reference: RunResult, monkeypatch: pytest.MonkeyPatch, rows: int, batch: int
) -> None:
    store = build(tmp_path / "store", FRAMES)
    monkeypatch.setattr(hot_build, "BATCH_ROWS", batch)
    with slices_of(rows):
        built = run(store, hot=True, workers=2)
        assert built.hot_partitions == 3
        assert_same(built, reference)
        assert_same(run(store, hot=False), reference)
        assert_same(run(store, workers=1), reference)


@pytest.mark.parametrize("partitions", [1, 2])
def test_any_number_of_partitions_planned_at_a_time(
    store: Path, reference: RunResult, monkeypatch: pytest.MonkeyPatch, partitions: int
) -> None:
    for module in (walk, collect):
        monkeypatch.setattr(module, "BATCH_PARTITIONS", partitions)
    seen: list[tuple[int, int]] = []
    result = run(store, progress=lambda done, total: seen.append((done, total)))
    assert_same(result, reference)
    assert seen[-1] == (result.rows, result.rows)
    assert {total for _, total in seen} == {result.rows}


def test_every_selected_contract_alone_gives_its_share(store: Path, reference: RunResult) -> None:
    for row in reference.table.unique(["expiry", "opt_type", "strike"]).rows(named=True)[::5]:
        alone = run(
            store, expiry=row["expiry"], right=row["opt_type"], strikes=(row["strike"],) * 2
        )
        wanted = reference.table.filter(
            expiry=row["expiry"], opt_type=row["opt_type"], strike=row["strike"]
        )
        assert alone.table.equals(wanted)
