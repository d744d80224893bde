"""The yardsticks compute what the documentation says, against plain Python loops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tests.benchmarks.raw_contracts import DAYS, EXPIRIES, write_raw_folder

from benchmarks.documented import chunks, filter_per_contract, presorted, single_pass
from benchmarks.documented.cross_over import Outcome, total
from benchmarks.documented.packing import SORT_KEY, pack_folder

Row = dict[str, object]

RUN_FILE = {
    "filter per contract": filter_per_contract.run_file,
    "single pass": single_pass.run_file,
    "presorted, strict": presorted.run_file_strict,
}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("yardstick")
    write_raw_folder(folder / "raw", seed=7)
    pack_folder(folder / "raw", folder / "store", "BANKNIFTY", EXPIRIES)
    return sorted(folder.glob("store/*/BANKNIFTY/part-banknifty-0.parquet"))


def _number(value: object) -> float:
    return 0.0 if value is None else float(value)  # type: ignore[arg-type]


def _oracle(rows: list[Row], contract: Callable[[Row], object]) -> Outcome:
    """The documented strategy, one row after another; null is 0, as documented."""
    pnl, trades, position, entry, fast, slow = 0.0, 0, 0, 0.0, 0.0, 0.0
    for i, row in enumerate(rows):
        price = _number(row["price"])
        first = i == 0 or contract(rows[i - 1]) != contract(row)
        last = i + 1 == len(rows) or contract(rows[i + 1]) != contract(row)
        if first:
            fast = slow = price
            position = 0
            continue
        fast = price * (2 / 6) + fast * (1 - 2 / 6)
        slow = price * (2 / 22) + slow * (1 - 2 / 22)
        bid, ask = _number(row["bp0"]), _number(row["sp0"])
        tight = bid > 0 and ask > 0 and (ask - bid) / (0.5 * (ask + bid)) <= 0.0005
        if position == 0 and fast > slow and tight and _number(row["volume"]) >= 1:
            position, entry, trades = 1, price, trades + 1
        elif position == 1 and (slow >= fast or last):
            pnl, position = pnl + price - entry, 0
    return Outcome(pnl, trades, len(rows))


def _assert_same(found: Outcome, expected: Outcome) -> None:
    assert (found.trades, found.rows) == (expected.trades, expected.rows)
    assert found.pnl == pytest.approx(expected.pnl, rel=1e-9)


@pytest.mark.parametrize("design", RUN_FILE)
def test_designs_compute_the_documented_strategy(packed: list[Path], design: str) -> None:
    for file in packed:
        expected = _oracle(
            pl.read_parquet(file).to_dicts(), lambda r: (r["expiry"], r["opt_type"], r["strike"])
        )
        assert expected.trades > 20
        _assert_same(RUN_FILE[design](file), expected)


def test_fastmath_keeps_the_rows_and_about_the_result(packed: list[Path]) -> None:
    strict = total([presorted.run_file_strict(file) for file in packed])
    documented = total([presorted.run_file(file) for file in packed])
    assert documented.rows == strict.rows
    assert documented.trades == pytest.approx(strict.trades, rel=0.05)


def test_presorted_does_not_see_an_expiry_change(tmp_path: Path) -> None:
    """The documented boundary rule: two contracts that differ in their expiry alone are one."""
    write_raw_folder(tmp_path / "raw", seed=3, strikes=1)
    pack_folder(tmp_path / "raw", tmp_path / "store", "BANKNIFTY", EXPIRIES)
    for file in sorted(tmp_path.glob("store/**/*.parquet")):
        calls = pl.read_parquet(file).filter(pl.col("opt_type") == "CE")
        calls.write_parquet(tmp_path / "calls.parquet")
        assert calls["expiry"].n_unique() == 2
        merged = _oracle(calls.to_dicts(), lambda r: (r["opt_type"], r["strike"]))
        apart = _oracle(calls.to_dicts(), lambda r: r["expiry"])
        assert merged.pnl != apart.pnl
        _assert_same(presorted.run_file_strict(tmp_path / "calls.parquet"), merged)
        _assert_same(filter_per_contract.run_file(tmp_path / "calls.parquet"), apart)


def test_worker_processes_return_the_same_as_one_process(packed: list[Path]) -> None:
    with chunks.started_workers(2, packed[0]) as workers:
        for design, run_file in RUN_FILE.items():
            found = workers.run(design, packed)
            assert found == total([run_file(file) for file in packed])


def test_script_packs_every_row_sorted_into_one_file_a_day(tmp_path: Path) -> None:
    write_raw_folder(tmp_path / "raw", seed=11)
    written = pack_folder(tmp_path / "raw", tmp_path / "store", "BANKNIFTY", EXPIRIES)
    raw = pl.concat([pl.read_parquet(file) for file in sorted((tmp_path / "raw").iterdir())])
    assert written == raw.height
    for day in DAYS:
        packed_day = pl.read_parquet(tmp_path / f"store/{day}/BANKNIFTY/part-banknifty-0.parquet")
        of_day = raw.filter(pl.col("timestamp").dt.date() == day)
        assert packed_day.width == 58
        keys = [tuple(row) for row in packed_day.select(SORT_KEY).iter_rows()]
        assert keys == sorted(keys)
        assert sorted(packed_day["price"].fill_null(-1)) == sorted(of_day["price"].fill_null(-1))
        assert packed_day["vol_delta"].null_count() == 0
        assert packed_day["vol_delta"].min() == 0
    # The documented vol_delta runs over strike and right of the folder: both days, both expiries.
    first = pl.read_parquet(tmp_path / f"store/{DAYS[1]}/BANKNIFTY/part-banknifty-0.parquet")
    assert first["expiry"].unique().sort().to_list() == sorted(EXPIRIES.values())


def test_script_overwrites_a_day_that_a_former_folder_wrote(tmp_path: Path) -> None:
    for seed, month in ((1, "aug"), (2, "sep")):
        write_raw_folder(tmp_path / month, seed=seed, months=(month,))
        pack_folder(tmp_path / month, tmp_path / "store", "BANKNIFTY", EXPIRIES)
    day = pl.read_parquet(tmp_path / f"store/{DAYS[0]}/BANKNIFTY/part-banknifty-0.parquet")
    assert day["expiry"].unique().to_list() == [EXPIRIES[2025, 9]]
