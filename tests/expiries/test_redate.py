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
from tickloom.expiries.check import check_expiries
from tickloom.expiries.redate import redate
from tickloom.store.adopt import adopt_store
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
    one = min(folder.glob("*/nifty25nov25500ce.parquet"))
    shutil.copy(one, one.with_name("nifty25n1825500ce.parquet"))
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


def test_contracts_that_a_wrong_calendar_merged_are_not_torn_apart(
    raw: Path, right: Path, tmp_path: Path
) -> None:
    file = tmp_path / "merging.csv"
    file.write_text(MERGING)
    store = tmp_path / "store"
    tickloom.pack(raw, store, executor="threads", calendar=file)
    before = files(store)
    done = CliRunner().invoke(command, [str(store), "--json", "--executor", "threads"])
    assert done.exit_code == 1
    refused = json.loads(done.stdout)["refused"]
    assert refused
    assert all("--replace" in one["reason"] for one in refused)
    for one in refused:
        day, underlying = one["path"].split("/")
        name = f"{day}/{underlying}/part-{underlying.lower()}-0.parquet"
        assert files(store)[name] == before[name]
    # what the message says to do
    tickloom.pack(raw, store, executor="threads", replace=True)
    assert files(store) == files(right)


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
