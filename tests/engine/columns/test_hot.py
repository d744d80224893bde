"""The hot tier: exact values, never a stale answer, sizes told before."""

from __future__ import annotations

import json
import math
import random
import struct
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from tests.engine.run_stores import MONDAY, MONDAY_NIFTY, TUESDAY, build, uneven_frame
from tests.store.store_data import index_of, write_file

import tickloom
from tickloom.cli.hot import command
from tickloom.engine.columns.hot_file import find, hot_path
from tickloom.engine.columns.hot_types import fitting, narrowed, widest
from tickloom.errors import StoreError, UsageError
from tickloom.store.api import open_store
from tickloom.store.writer import StoreWriter

NAN = float("nan")
FRAMES = {
    MONDAY: uneven_frame(MONDAY, 21),
    MONDAY_NIFTY: uneven_frame(MONDAY_NIFTY, 22),
    TUESDAY: uneven_frame(TUESDAY, 23),
}
COLUMNS = ("price", "bp0", "sp0", "volume")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return build(tmp_path / "store", FRAMES)


def hot(*arguments: object) -> str:
    result = CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def test_every_hundredth_comes_back_bit_for_bit() -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    cents = [0, 1, 5, 32767, 32768, 2_147_483_647] + [rng.randrange(2**31) for _ in range(5000)]
    values = np.array([c / 100 for c in cents] + [-c / 100 for c in cents[1:]])
    assert fitting(values) == "int32"
    stored = narrowed(values, "int32")
    for value, q in zip(values.tolist(), stored.tolist(), strict=True):
        assert bits(q / 100.0) == bits(value)


def test_nan_is_the_lowest_integer() -> None:
    assert narrowed(np.array([1.25, NAN]), "int32").tolist() == [125, -(2**31)]


@pytest.mark.parametrize(
    "value", [0.125, -0.0, 1e300, math.inf, -math.inf, 21_474_836.48, sys.float_info.min, 0.1 + 0.2]
)
def test_one_value_that_is_no_hundredth_keeps_the_column_float64(value: float) -> None:
    values = np.array([1.0, value, NAN])
    assert fitting(values) == "float64"
    assert narrowed(values, "float64").tobytes() == values.tobytes()
    with pytest.raises(ValueError, match="hundredths"):
        narrowed(values, "int32")


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([0, 2**31 - 1, -(2**31)], "int32"),
        ([2**31], "int64"),
        ([-(2**31) - 1], "int64"),
        ([], "int32"),
    ],
)
def test_quantities_take_the_narrowest_type_that_holds_them(values: list[int], name: str) -> None:
    given = np.array(values, np.int64)
    assert fitting(given) == name
    assert narrowed(given, name).tolist() == values


def test_a_quantity_is_never_cut_off() -> None:
    with pytest.raises(ValueError, match="does not fit int32"):
        narrowed(np.array([2**31]), "int32")


def test_the_widest_type_wins() -> None:
    assert widest(["int32", "int64"]) == "int64"
    assert widest(["int32", "float64", "int32"]) == "float64"


def test_build_tells_the_size_before_and_writes_that_much(store: Path) -> None:
    told = json.loads(hot("build", store, "--dry-run", "--json"))
    rows = sum(frame.height for frame in FRAMES.values())
    assert told["bytes"] == rows * sum(np.dtype(t).itemsize for t in told["types"].values())
    assert told["built"] == 0
    assert not (store / "_tickloom" / "hot").exists()
    assert json.loads(hot("build", store, "--json"))["built"] == 3
    written = sum(path.stat().st_size for path in (store / "_tickloom" / "hot").rglob("*.arrow"))
    assert told["bytes"] <= written <= told["bytes"] + 3 * 4096
    again = json.loads(hot("build", store, "--json"))
    assert (again["built"], again["current"], again["bytes"]) == (0, 3, 0)


def test_the_file_holds_the_partition_s_values(store: Path) -> None:
    hot("build", store)
    partition = open_store(store).partition(TUESDAY)
    file = find(store, partition, COLUMNS)
    assert file is not None
    (table,) = file.scan(COLUMNS, [(0, FRAMES[TUESDAY].height)])
    frame = FRAMES[TUESDAY]
    lowest = -(2**31)
    for name in ("price", "bp0", "sp0"):
        prices = [None if q == lowest else q / 100 for q in table[name].to_pylist()]
        assert prices == frame[name].to_list()
    assert table["volume"].to_pylist() == frame["volume"].fill_null(0).to_list()
    assert file.nulls["bp0"] == frame["bp0"].null_count() > 0


def test_a_replaced_partition_is_not_answered_from_its_old_hot_file(store: Path) -> None:
    hot("build", store)
    changed = FRAMES[MONDAY].with_columns(pl.col("price") + 1)
    replace(store, changed)
    result = tickloom.run("ema-cross", store, params={"max_spread": 0.05})
    assert result.hot_partitions == 2
    cold = tickloom.run("ema-cross", store, params={"max_spread": 0.05}, hot=False)
    assert cold.hot_partitions == 0
    assert result.table.equals(cold.table)
    rebuilt = tickloom.run("ema-cross", store, params={"max_spread": 0.05}, hot=True)
    assert rebuilt.hot_partitions == 3
    assert rebuilt.table.equals(cold.table)


def replace(store: Path, frame: pl.DataFrame) -> None:
    with StoreWriter.open(store) as writer:
        staged = writer.stage(MONDAY)
        write_file(staged, frame)
        writer.commit(MONDAY, staged, index_of(frame, MONDAY))


def test_a_partition_changed_behind_the_manifest_is_an_error_not_a_stale_answer(
    store: Path,
) -> None:
    hot("build", store)
    with (store / MONDAY.file()).open("ab") as file:
        file.write(b"x")
    with pytest.raises(StoreError, match="not the file that was committed"):
        tickloom.run("ema-cross", store)


def test_the_tier_may_be_deleted(store: Path) -> None:
    hot("build", store)
    before = tickloom.run("ema-cross", store)
    for path in (store / "_tickloom" / "hot").rglob("*.arrow"):
        path.unlink()
    after = tickloom.run("ema-cross", store)
    assert (before.hot_partitions, after.hot_partitions) == (3, 0)
    assert after.table.equals(before.table)


def test_other_columns_are_added_to_those_that_are_there(store: Path) -> None:
    hot("build", store)
    hot("build", store, "--columns", "oi")
    file = find(store, open_store(store).partition(MONDAY), [*COLUMNS, "oi"])
    assert file is not None
    assert tickloom.run("ema-cross", store).hot_partitions == 3


@pytest.mark.parametrize("column", [pl.Int64, None], ids=["wider", "gone"])
def test_a_file_that_was_replaced_by_one_of_other_columns_is_said(
    store: Path, column: type[pl.Int64] | None
) -> None:
    hot("build", store)
    file = find(store, open_store(store).partitions()[0], ["price", "volume"])
    assert file is not None
    other = pl.read_ipc(file.path.read_bytes()).drop("volume")
    if column is not None:
        other = other.with_columns(volume=pl.lit(1, column))
    other.write_ipc(file.path)
    with pytest.raises(StoreError, match=r"was replaced while it was read; run .* again"):
        list(file.scan(["price", "volume"], [(0, 1)]))


def test_a_column_that_is_not_in_the_tier_is_read_from_the_store(store: Path) -> None:
    hot("build", store, "--columns", "price,volume")
    assert tickloom.run("ema-cross", store).hot_partitions == 0


def test_files_of_removed_partitions_go_away(store: Path) -> None:
    hot("build", store)
    with StoreWriter.open(store) as writer:
        writer.remove(MONDAY_NIFTY)
    hot("build", store)
    assert not hot_path(store, MONDAY_NIFTY).exists()
    assert hot_path(store, MONDAY).exists()


def test_a_partition_of_nulls_is_skipped_from_the_hot_tier_too(tmp_path: Path) -> None:
    empty = FRAMES[MONDAY_NIFTY].with_columns(pl.lit(None, pl.Float64).alias("bp0"))
    store = build(tmp_path / "store", {**FRAMES, MONDAY_NIFTY: empty})
    cold = tickloom.run("ema-cross", store)
    warm = tickloom.run("ema-cross", store, hot=True)
    assert warm.hot_partitions == 2
    assert warm.partitions_skipped == cold.partitions_skipped
    assert [s.partition for s in warm.partitions_skipped] == [str(MONDAY_NIFTY)]


def test_a_folder_that_cannot_be_written_is_said(store: Path) -> None:
    (store / "_tickloom" / "hot").write_bytes(b"a file where a folder should be")
    with pytest.raises(StoreError, match=r"cannot be written to .*hot: .*--no-hot"):
        hot("build", store)
    assert tickloom.run("ema-cross", store).partitions == 3


def test_a_run_tells_the_size_before_it_builds(store: Path) -> None:
    told: list[str] = []
    tickloom.run("ema-cross", store, hot=True, announce=told.append)
    tickloom.run("ema-cross", store, hot=True, announce=told.append)
    rows = sum(frame.height for frame in FRAMES.values())
    building = [text for text in told if text.startswith("building")]
    assert building == [f"building the hot tier of 3 partitions: {rows * 16 / 2**20:,.1f} MiB"]


def test_a_damaged_file_says_what_to_do(store: Path) -> None:
    hot("build", store)
    hot_path(store, MONDAY).write_bytes(b"not Arrow")
    with pytest.raises(StoreError, match="delete it, or use --no-hot"):
        tickloom.run("ema-cross", store)
    assert tickloom.run("ema-cross", store, hot=False).partitions == 3


def test_a_store_without_a_manifest_has_no_hot_tier(tmp_path: Path) -> None:
    path = tmp_path / "foreign" / MONDAY.file()
    path.parent.mkdir(parents=True)
    FRAMES[MONDAY].write_parquet(path)
    with pytest.raises(UsageError, match="tickloom adopt"):
        tickloom.run("ema-cross", tmp_path / "foreign", hot=True)


def test_an_unknown_column_is_refused(store: Path) -> None:
    with pytest.raises(UsageError, match="unknown column 'bid'"):
        hot("build", store, "--columns", "bid")


def test_no_room_on_the_disk_is_said_before_anything_is_written(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10}))
    with pytest.raises(StoreError, match=r"needs [\d,]+ bytes; .* has 10 free"):
        hot("build", store)
    assert not list((store / "_tickloom" / "hot").rglob("*.arrow"))
