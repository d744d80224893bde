"""``tickloom recalendar`` brings a store to what a pack by the right calendar would have made."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from tests.store.store_data import KEY, partition_frame, write_file

import tickloom
from tickloom.cli.recalendar import command
from tickloom.errors import StoreError
from tickloom.expiries.check import check_expiries
from tickloom.expiries.redate import redate
from tickloom.store.foreign.adopt import adopt_store
from tickloom.store.layout import PartitionKey
from tickloom.store.verify import verify_store
from tickloom.store.writer import StoreWriter
from tickloom.synth import write_raw

HEADER = "Instrument,Expiry_Type,Contract_Month,Final_Expiry\n"

WRONG = f"""{HEADER}BANKNIFTY,Monthly,2025-11,2026-01-05
NIFTY,Weekly,2025-11,2025-11-20
NIFTY,Monthly,2025-11,2025-11-27
"""
"""BANKNIFTY's November after its December: another order. NIFTY's on the wrong weekday."""

MERGING = f"{HEADER}NIFTY,Monthly,2025-11,2025-11-18\n"
"""NIFTY's November on the day of a weekly: two contracts become one."""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw") / "raw"
    write_raw(folder, seed=5, rows=6_000, days=3, strikes=2)
    # a weekly contract of the same strike, named by its day
    for path in sorted(folder.glob("*/nifty25nov25750ce.parquet")):
        ticks = pl.read_parquet(path).with_columns(
            pl.lit("NIFTY25N1825500CE").alias("symbol"), pl.lit(25500.0).alias("strike")
        )
        ticks.write_parquet(path.with_name("nifty25n1825500ce.parquet"))
    return folder


@pytest.fixture(scope="module")
def right(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("right") / "store"
    tickloom.pack(raw, path, executor="threads")
    return path


@pytest.fixture
def wrong_file(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.csv"
    path.write_text(WRONG)
    return path


@pytest.fixture
def wrong(raw: Path, tmp_path: Path, wrong_file: Path) -> Path:
    path = tmp_path / "store"
    tickloom.pack(raw, path, executor="threads", calendar=wrong_file)
    return path


def files(store: Path) -> dict[str, bytes]:
    found = [*store.glob("2*/*/*"), *(store / "_tickloom" / "index").glob("*/*")]
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in sorted(found)}


def test_a_redated_store_is_what_a_fresh_pack_makes(wrong: Path, right: Path) -> None:
    assert files(wrong) != files(right)
    report = redate(wrong, None, executor="threads")
    assert files(wrong) == files(right)
    assert report.partitions == report.partitions_redated == 6
    assert report.rows == sum(
        pl.scan_parquet(path).select(pl.len()).collect().item() for path in right.glob("2*/*/*")
    )
    assert check_expiries(wrong, None) == []


def test_a_second_time_there_is_nothing_to_do(wrong: Path) -> None:
    redate(wrong, None, executor="threads")
    before = files(wrong)
    report = redate(wrong, None, executor="threads")
    assert (report.partitions_redated, report.contracts_redated, report.rows) == (0, 0, 0)
    assert files(wrong) == before


def test_a_file_dates_the_store_by_its_rows(wrong: Path, right: Path, wrong_file: Path) -> None:
    as_packed = files(wrong)
    redate(wrong, None, executor="threads")
    redate(wrong, wrong_file, executor="threads")
    assert files(wrong) == as_packed


def test_only_touched_partitions_are_written(right: Path, tmp_path: Path) -> None:
    store = tmp_path / "copy"
    shutil.copytree(right, store)
    file = tmp_path / "mine.csv"
    file.write_text(f"{HEADER}BANKNIFTY,Monthly,2025-12,2025-12-29\n")
    before = files(store)
    report = redate(store, file, executor="threads")
    after = files(store)
    assert report.partitions_redated == 3
    changed = {name for name in before if before[name] != after[name]}
    assert len(changed) == 6
    assert all("/BANKNIFTY" in name for name in changed)


@pytest.fixture
def merging_file(tmp_path: Path) -> Path:
    path = tmp_path / "merging.csv"
    path.write_text(MERGING)
    return path


def test_contracts_that_a_wrong_calendar_merged_are_separated(
    raw: Path, right: Path, tmp_path: Path, merging_file: Path
) -> None:
    store = tmp_path / "store"
    tickloom.pack(raw, store, executor="threads", calendar=merging_file)
    indexes = (store / "_tickloom" / "index").glob("*/NIFTY.json")
    assert all(b'"also":[{' in path.read_bytes() for path in indexes)
    redate(store, None, executor="threads")
    expected, found = (ticks_by_contract(path) for path in (right, store))
    assert found == expected
    assert check_expiries(store, None) == []
    assert verify_store(store, deep=True).problems == []


def ticks_by_contract(store: Path) -> dict[tuple[object, ...], list[tuple[object, ...]]]:
    """Every row of every partition, by contract; rows of one second in any order."""
    found: dict[tuple[object, ...], list[tuple[object, ...]]] = {}
    for path in sorted(store.glob("2*/*/*")):
        frame = (
            pl.read_parquet(path).with_columns(pl.col("symbol").cast(pl.String)).drop("vol_delta")
        )
        for row in frame.rows(named=True):
            key = (path.parts[-3], row["symbol"], row["expiry"], row["opt_type"], row["strike"])
            found.setdefault(key, []).append(tuple(row.values()))
    return {key: sorted(rows, key=repr) for key, rows in found.items()}


def test_contracts_that_their_symbols_do_not_tell_apart_stay_as_they_are(
    raw: Path, tmp_path: Path, merging_file: Path
) -> None:
    folder = tmp_path / "raw"
    shutil.copytree(raw, folder)
    for path in folder.glob("*/nifty25n18*"):
        pl.read_parquet(path).with_columns(symbol=pl.lit("NIFTY")).write_parquet(path)
    store, fresh = tmp_path / "store", tmp_path / "fresh"
    tickloom.pack(folder, store, executor="threads", calendar=merging_file)
    before = files(store)
    done = CliRunner().invoke(command, [str(store), "--executor", "threads"])
    assert isinstance(done.exception, StoreError)
    assert "2025-11 and 2025-11-18 at 25500 CE were merged as one" in str(done.exception)
    assert {name for name, data in files(store).items() if data != before[name]} == set()
    # what the message says to do
    tickloom.pack(folder, store, executor="threads", replace=True)
    tickloom.pack(folder, fresh, executor="threads")
    assert files(store) == files(fresh)


def test_an_interrupted_run_leaves_whole_partitions_and_goes_on(
    wrong: Path, right: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = StoreWriter.commit
    done = []

    def failing(self: StoreWriter, *args: object) -> object:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(args[0])
        return commit(self, *args)  # type: ignore[arg-type]

    before, target = files(wrong), files(right)
    with monkeypatch.context() as patch:
        patch.setattr(StoreWriter, "commit", failing)
        with pytest.raises(KeyboardInterrupt):
            redate(wrong, None, executor="threads")
    now = files(wrong)
    assert now != before
    assert all(content in (before[name], target[name]) for name, content in now.items())
    report = redate(wrong, None, executor="threads")
    assert report.partitions_redated == 4
    assert files(wrong) == target


def test_the_command_says_what_it_did(wrong: Path) -> None:
    done = CliRunner().invoke(command, [str(wrong), "--json", "--executor", "threads"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["partitions_redated"] == 6
    assert found["contracts_unknown"] == found["contracts_provisional"] == 0
    done = CliRunner().invoke(command, [str(wrong), "--executor", "threads"])
    assert "0 of 6 partitions written anew" in done.stdout


def test_an_adopted_store_gets_its_true_expiries(tmp_path: Path) -> None:
    """What the documented scripts wrote by their calendar, which has BANKNIFTY's August wrong."""
    wrong, true = dt.date(2025, 8, 26), dt.date(2025, 8, 28)
    frame = partition_frame().with_columns(pl.col("expiry").replace(true, wrong))
    folder = tmp_path / "documented" / KEY.folder
    folder.mkdir(parents=True)
    write_file(folder / KEY.file().name, frame)
    adopt_store(tmp_path / "documented")
    assert check_expiries(tmp_path / "documented", None) != []
    report = redate(tmp_path / "documented", None, executor="threads")
    assert (report.partitions_redated, report.contracts_redated) == (1, 4)
    assert check_expiries(tmp_path / "documented", None) == []
    assert verify_store(tmp_path / "documented", deep=True).problems == []
    stored = pl.read_parquet(tmp_path / "documented" / KEY.file())
    assert stored["expiry"].to_list() == partition_frame()["expiry"].to_list()
    assert redate(tmp_path / "documented", None, executor="threads").partitions_redated == 0


def test_an_adopted_stores_weeklies_leave_their_months_contract(tmp_path: Path) -> None:
    """The documented scripts gave every contract its month's monthly expiry."""
    key = PartitionKey(KEY.date, "NIFTY")
    rows = pl.int_range(pl.len())
    weekly = (pl.col("expiry") == dt.date(2025, 8, 28)) & (rows % 3 == 0)
    name = pl.format("nifty25807{}{}", pl.col("strike").cast(pl.Int64), pl.col("opt_type"))
    symbol = pl.when(weekly).then(name).otherwise(pl.col("symbol").cast(pl.String))
    frame = partition_frame(key).with_columns(symbol.cast(pl.Categorical).alias("symbol"))
    folder = tmp_path / "documented" / key.folder
    folder.mkdir(parents=True)
    write_file(folder / key.file().name, frame)
    adopt_store(tmp_path / "documented")
    redate(tmp_path / "documented", None, executor="threads")
    stored = pl.read_parquet(tmp_path / "documented" / key.file())
    found = stored.filter(pl.col("expiry") == dt.date(2025, 8, 7))
    assert found.height == frame.filter(weekly).height > 0
    assert found["is_weekly"].all()
    assert stored.height == frame.height
    for column in ("price", "volume", "timestamp"):
        assert sorted(stored[column]) == sorted(frame[column])
    assert check_expiries(tmp_path / "documented", None) == []
    assert verify_store(tmp_path / "documented", deep=True).problems == []
