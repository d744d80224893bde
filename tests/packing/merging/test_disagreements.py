"""Sources that disagree at one contract and second: every row is kept, and it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from tests.packing.raw_files import data_files, stored, write_raw_file

import tickloom
from tickloom.cli.info import command as info
from tickloom.cli.pack import command as pack_command
from tickloom.errors import StoreError, UsageError
from tickloom.packing.report import PackReport

TICKS = [(second, 100.0 + second, 10 * second) for second in range(20)]
NAME = "banknifty25aug54000ce.parquet"


def packed(store: Path, *sources: Path, **options: Any) -> PackReport:
    options = {"executor": "threads", "workers": 1, **options}
    return tickloom.pack(list(sources), store, **options)


def without(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop("oi")


def other_price(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        price=pl.when(pl.int_range(pl.len()) % 4 == 1).then(7.5).otherwise("price")
    )


def finer(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("timestamp") + pl.duration(milliseconds=250))


def later(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("timestamp") + pl.duration(seconds=60))


@pytest.mark.parametrize("piece_rows", [25_000, 5])
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("change", "rows", "column", "example"),
    [
        (without, 20, "oi", "oi is missing in one source and 10 in another"),
        (other_price, 5, "price", "at 2025-08-01 09:15:01: price is "),
        (finer, 20, "timestamp", "whole seconds in one source, fractions in another"),
        (later, 0, "", ""),
        (lambda frame: frame, 0, "", ""),
    ],
)
def test_disagreement_is_counted_and_shown(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Any,
    rows: int,
    column: str,
    example: str,
    together: bool,
    piece_rows: int,
) -> None:
    monkeypatch.setattr("tickloom.packing.workers.budget.ASSEMBLY_ROWS", piece_rows)
    one = write_raw_file(tmp_path / "a", TICKS)
    two = tmp_path / "b" / NAME
    two.parent.mkdir()
    change(pl.read_parquet(one)).write_parquet(two)
    store = tmp_path / "store"
    if together:
        report = packed(store, tmp_path / "a", tmp_path / "b")
    else:
        assert packed(store, tmp_path / "a").rows_conflicting == 0
        report = packed(store, tmp_path / "b")
    assert report.rows_conflicting == report.to_json()["rows_conflicting"] == rows
    found = json.loads(CliRunner().invoke(info, [str(store), "--json"]).stdout)
    assert found["rows_conflicting"] == rows
    if not rows:
        assert report.conflicts == []
        assert "conflicts" not in report.to_json()
        return
    [conflict] = report.conflicts
    assert conflict.partition == "2025-08-01/BANKNIFTY"
    assert column in conflict.columns
    assert example in conflict.example
    assert "BANKNIFTY 2025-08 54000 CE" in conflict.example
    assert conflict.sources == (str(one), str(two))
    remembered = found["conflicts"][conflict.partition]
    assert remembered["sources"] == [str(one), str(two)]
    again = packed(store, tmp_path / "a", tmp_path / "b", rehash=True)
    assert (again.partitions, again.sources_skipped) == (0, 2)


def test_command_and_info_say_it(tmp_path: Path) -> None:
    one = write_raw_file(tmp_path / "a", TICKS)
    (tmp_path / "b").mkdir()
    without(pl.read_parquet(one)).write_parquet(tmp_path / "b" / NAME)
    arguments = [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "store")]
    done = CliRunner().invoke(pack_command, [*arguments, "--executor", "threads"])
    assert done.exit_code == 0
    assert "sources disagree about 20 rows (oi); all are kept, side by side" in done.stderr
    assert f"source: {one}" in done.stderr
    said = CliRunner().invoke(info, [str(tmp_path / "store")]).stdout
    assert "20 rows in 1 partitions (oi), e.g. BANKNIFTY 2025-08 54000 CE at" in said


def chain_file(path: Path, price: float, said: str) -> None:
    lines = [f"2025-08-01 09:15:{s:02d},BANKNIFTY25AUG{k}CE,{price + s},{said}"
             for s in range(5) for k in (54000, 54100, 54200)]  # fmt: skip
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["at,sym,px,oi", *lines]) + "\n")


def test_chains_disagree_too(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        'symbol = "{sym}"\nclock = { columns = ["at"], zone = "Asia/Kolkata" }\n'
        'columns = { price = "px", oi = "oi" }\n'
    )
    chain_file(tmp_path / "a/one.csv", 1.0, "5")
    chain_file(tmp_path / "b/two.csv", 1.0, "")
    chain_file(tmp_path / "c/three.csv", 1.0, "5")
    sources = [tmp_path / name for name in "abc"]
    report = packed(tmp_path / "store", *sources, mapping=mapping)
    [conflict] = report.conflicts
    assert (report.rows_conflicting, report.rows_duplicate, conflict.columns) == (15, 15, ("oi",))
    assert {Path(path).name for path in conflict.sources} == {"one.csv", "two.csv", "three.csv"}
    clean = packed(tmp_path / "clean", sources[0], sources[2], mapping=mapping)
    assert clean.rows_conflicting == 0


def test_a_source_is_taken_out(tmp_path: Path) -> None:
    write_raw_file(tmp_path / "a", TICKS)
    write_raw_file(tmp_path / "a", TICKS, strike=54100.0)
    (tmp_path / "b").mkdir()
    other_price(pl.read_parquet(tmp_path / "a" / NAME)).write_parquet(tmp_path / "b" / NAME)
    write_raw_file(tmp_path / "b", [(3 * 86_400, 1.0, 1)], strike=54300.0)
    packed(tmp_path / "alone", tmp_path / "a")
    store = tmp_path / "store"
    packed(store, tmp_path / "a", tmp_path / "b")
    report = packed(store, without=tmp_path / "b")
    assert report.rows_conflicting == 0
    assert data_files(store) == data_files(tmp_path / "alone")
    found = json.loads(CliRunner().invoke(info, [str(store), "--json"]).stdout)
    assert found["rows_conflicting"] == 0
    with pytest.raises(UsageError, match="expected a source of the store"):
        packed(store, without=tmp_path / "b")
    assert packed(store, tmp_path / "a").sources_skipped == 2
    assert packed(store, tmp_path / "b").rows_written > 0, "packed again, it is like a new one"


def test_a_source_that_is_gone_is_taken_out_too(tmp_path: Path) -> None:
    write_raw_file(tmp_path / "a", TICKS)
    gone = write_raw_file(tmp_path / "b", [(1, 5.0, 5)])
    store = tmp_path / "store"
    packed(store, tmp_path / "a", tmp_path / "b")
    gone.unlink()
    packed(store, without=gone)
    assert stored(store)["price"].to_list() == [tick[1] for tick in TICKS]


def test_the_others_have_to_be_there(tmp_path: Path) -> None:
    needed = write_raw_file(tmp_path / "a", TICKS)
    write_raw_file(tmp_path / "b", [(1, 5.0, 5)])
    store = tmp_path / "store"
    packed(store, tmp_path / "a", tmp_path / "b")
    before = data_files(store)
    needed.unlink()
    with pytest.raises(StoreError, match=f"--without needs {needed}, .* it is gone"):
        packed(store, without=tmp_path / "b")
    assert data_files(store) == before


def test_sources_and_without_are_asked_for_one_by_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found both"):
        packed(tmp_path / "store", tmp_path, without=tmp_path)
    done = CliRunner().invoke(pack_command, [str(tmp_path / "store")])
    assert (done.exit_code, "SRC" in done.stderr) == (2, True)
