"""The page compares like with like: same rows, same results, turns taken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import psutil
import pytest

import tickloom
from benchmarks.documented import filter_per_contract, presorted, single_pass
from benchmarks.documented.cross_over import Outcome, total
from benchmarks.table import page
from benchmarks.table.data import Stores, make_raw, make_stores, multiply
from benchmarks.table.interleaved import Contender, ResultsDifferError, Timing, interleave
from benchmarks.table.loops import load_arrays, measure_loops, measure_sweep
from benchmarks.table.packing import measure_packing, resident


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def stores(folder: Path) -> Stores:
    return make_stores(folder / "base", make_raw(folder, 30_000, strikes=3))


def _run(store: Path) -> Outcome:
    result = tickloom.run("ema-cross", store, workers=1)
    return Outcome(result.pnl, result.trades, result.rows)


def test_product_and_documented_designs_agree_on_the_same_rows(stores: Stores) -> None:
    found = _run(stores.product)
    assert found.rows == stores.rows
    assert found.trades > 100
    designs: tuple[Callable[[Path], Outcome], ...] = (
        presorted.run_file_strict,
        single_pass.run_file,
        filter_per_contract.run_file,
    )
    for run_file in designs:
        documented = total([run_file(file) for file in stores.files()])
        assert documented.rows == found.rows
        # Averages of Polars are summed in another order: a quiet contract may differ by a trade.
        assert documented.trades == pytest.approx(found.trades, abs=3), run_file.__module__
    exact = total([presorted.run_file_strict(file) for file in stores.files()])
    assert exact.trades == found.trades
    assert exact.pnl == pytest.approx(found.pnl, rel=1e-9)


def test_hot_tier_has_the_same_result(stores: Stores, folder: Path) -> None:
    own = multiply(stores, folder / "hot", 1)
    hot = tickloom.run("ema-cross", own.product, workers=1, hot=True)
    assert Outcome(hot.pnl, hot.trades, hot.rows) == _run(stores.product)


def test_product_reads_the_documented_files_with_the_same_result(stores: Stores) -> None:
    assert _run(stores.documented) == _run(stores.product)


def test_raw_rows_all_have_a_price(folder: Path, stores: Stores) -> None:
    prices = pl.concat([pl.read_parquet(f, columns=["price"]) for f in stores.files()])["price"]
    assert prices.null_count() == 0
    assert (prices > 0).all()
    assert make_raw(folder, 30_000, strikes=3) == folder / "raw-30000-2-3"


def test_larger_stores_hold_the_same_days_again(stores: Stores, folder: Path) -> None:
    larger = multiply(stores, folder / "times-3", 3)
    once, thrice = _run(stores.product), _run(larger.product)
    assert (thrice.rows, thrice.trades) == (3 * once.rows, 3 * once.trades)
    assert len(larger.files()) == 3 * len(stores.files())
    assert (
        thrice.rows
        == larger.rows
        == pl.scan_parquet(larger.files()).select(pl.len()).collect().item()
    )


def test_contenders_take_turns() -> None:
    calls: list[str] = []

    def contender(name: str) -> Contender:
        def work() -> Outcome:
            calls.append(name)
            return Outcome(1.0, 2, 3)

        return Contender(name, work)

    timings = interleave([contender(name) for name in "abc"], repeats=3)
    assert "".join(calls) == "abc" + "abc" + "bca" + "cab"
    assert [timing.name for timing in timings] == ["a", "b", "c"]
    assert [len(timing.seconds) for timing in timings] == [3, 3, 3]


@pytest.mark.parametrize("other", [Outcome(1.0, 3, 3), Outcome(1.1, 2, 3), Outcome(1.0, 2, 4)])
def test_different_results_are_not_compared(other: Outcome) -> None:
    first = Contender("yardstick", lambda: Outcome(1.0, 2, 3))
    with pytest.raises(ResultsDifferError, match="results first"):
        interleave([first, Contender("other", lambda: other)], repeats=1)
    if other.rows == 3:
        loose = interleave([first, Contender("other", lambda: other, strict=False)], repeats=1)
        assert loose[1].outcome == other
    apart = interleave([first, Contender("other", lambda: other)], repeats=1, same_rows=False)
    assert apart[1].outcome == other


def test_a_result_that_changes_between_rounds_is_not_compared() -> None:
    outcomes = iter([Outcome(1.0, 2, 3), Outcome(1.0, 2, 3), Outcome(1.0, 9, 3)])
    with pytest.raises(ResultsDifferError, match=r"gave Outcome.* and then"):
        interleave([Contender("fickle", lambda: next(outcomes))], repeats=2)


def test_page_shows_the_ratio_first() -> None:
    outcome = Outcome(0.0, 10, 4_000_000)
    slow = Timing("documented", outcome, (2.0, 4.0, 3.0))
    fast = Timing("tickloom", outcome._replace(trades=12), (0.5, 1.0, 1.0))
    assert fast.ratio(slow) == (4.0, 4.0)
    lines = list(page.timings("Title", [slow, fast]))
    assert lines[-1].split() == [
        *("4.00", "4.00", "8.00", "4.00", "tickloom", "12", "trades", "(+2)")
    ]
    (_, _, sized) = page.sizes("Title", [(4_000_000, [slow, fast])])
    assert sized.split()[:4] == ["4.00", "4.00", "8.00", "4.00"]


def test_loops_agree_and_take_their_arrays_from_one_partition(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.table.loops.TIMED_ROWS", 1)
    arrays = load_arrays(stores)
    strict, _, generated = measure_loops(arrays, repeats=1)
    assert strict.outcome.rows == generated.outcome.rows == arrays.rows
    assert strict.outcome.trades == generated.outcome.trades


def test_sweep_agrees_with_single_runs(stores: Stores) -> None:
    single, swept = measure_sweep(load_arrays(stores), repeats=1)
    assert swept.outcome.trades == single.outcome.trades > 0
    assert swept.outcome.rows == 64 * load_arrays(stores).rows


def test_packing_is_watched_from_outside(stores: Stores, folder: Path) -> None:
    documented, ours = measure_packing(folder / "raw-30000-2-3", folder, 1, [512 * 2**20])
    assert documented.rows == ours.rows == stores.rows
    for timing in (documented, ours):
        assert timing.peak > 50 * 2**20
        assert timing.size > 0
        assert len(timing.seconds) == 1


def test_resident_memory_of_a_finished_process_is_zero() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        watched = psutil.Process(process.pid)
        process.wait()
    assert resident(watched) == 0
