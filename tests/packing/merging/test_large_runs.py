"""Contracts that are merged piece by piece give what they give when they are merged at once."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.packing.raw_files import Tick, data_files, raw_frame, write_raw_file
from tests.packing.small_batches import with_small_batches

from tickloom import open_store, pack
from tickloom.errors import StoreError
from tickloom.host import get_host
from tickloom.packing.merging.runs import Run, find_runs
from tickloom.packing.merging.stored_rows import StoredRows
from tickloom.packing.rows.table import PartitionColumns
from tickloom.schema import STORED_COLUMNS

MONTHLY = "nifty25aug24500ce"
WEEKLY = "nifty2582124500ce"
MOVED = (
    "Instrument,Expiry_Type,Contract_Month,Scheduled_Expiry,Final_Expiry\n"
    "NIFTY,Weekly,2025-08,2025-08-21,2025-08-28\n"
)


def overlapping(folder: Path, seed: int) -> list[Path]:
    """Three sources of one contract that share ticks and quarrel about others."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    folders = [folder / f"source {i}" for i in range(3)]
    for path in folders:
        ticks: list[Tick] = [
            (chance.randrange(25), chance.choice([1.0, 1.5]), chance.randrange(3))
            for _ in range(chance.randrange(30, 60))
        ]
        write_raw_file(path, ticks)
    return folders


@pytest.mark.parametrize("seed", range(2))
def test_pieces_give_the_same_bytes(tmp_path: Path, seed: int) -> None:
    folders = overlapping(tmp_path / "raw", seed)
    pack(folders, tmp_path / "at once", executor="threads", workers=1)
    [partition] = open_store(tmp_path / "at once").partitions()
    assert partition.index().contracts[0].conflicts
    # One store from nothing, one by merging into what is stored.
    for name, given in (("pieces", [tmp_path / "raw"]), ("one by one", folders)):
        with_small_batches(tmp_path / name, given, 7)
        assert data_files(tmp_path / name) == data_files(tmp_path / "at once")
        [found] = open_store(tmp_path / name).partitions()
        assert found.index() == partition.index()


def test_pieces_part_two_names_of_one_day(tmp_path: Path) -> None:
    """A corrected calendar parts what was stored as one run; some pieces hold one name alone."""
    raw, moved = tmp_path / "raw", tmp_path / "moved.csv"
    raw.mkdir()
    moved.write_text(MOVED)
    ticks: dict[str, list[Tick]] = {
        MONTHLY: [(i, 1.0, i) for i in range(20)],
        WEEKLY: [(i, 5.0, i) for i in range(10, 40)],
    }
    for name, rows in ticks.items():
        frame = raw_frame(rows, {"symbol": name}, strike=24500.0)
        frame.write_parquet(raw / f"{name}.parquet")
    pack(raw, tmp_path / "store", executor="threads", workers=1, calendar=moved)
    assert len(open_store(tmp_path / "store").partitions()[0].index().contracts) == 1
    # New rows of the weekly, in pieces in which all that is stored is the monthly's.
    frame = raw_frame([(i, 7.0, i) for i in range(8)], {"symbol": WEEKLY}, strike=24500.0)
    (raw / "more").mkdir()
    frame.write_parquet(raw / "more" / f"{WEEKLY}.parquet")
    with_small_batches(tmp_path / "store", [raw], 3)
    pack(raw, tmp_path / "afresh", executor="threads", workers=1)
    assert data_files(tmp_path / "store") == data_files(tmp_path / "afresh")


@pytest.fixture
def part(tmp_path: Path) -> tuple[Path, Run]:
    """A stored contract of ten rows: its file, and its run."""
    write_raw_file(tmp_path / "raw", [(i, 1.0, i) for i in range(10)])
    pack(tmp_path / "raw", tmp_path / "store", executor="threads", workers=1)
    [partition] = open_store(tmp_path / "store").partitions()
    [run] = find_runs([], partition.index(), None)
    return partition.file(), run


EVER = np.array([0, 2**62])


def test_a_stored_contract_that_is_out_of_order_is_refused(part: tuple[Path, Run]) -> None:
    """Where it would be cut is not known, and rows could be lost."""
    path, run = part
    pl.read_parquet(path).reverse().write_parquet(path)
    rows = StoredRows(path, [], PartitionColumns(STORED_COLUMNS, ()), None)
    with pytest.raises(
        StoreError, match="54000 CE are not in order of time; run 'tickloom resort'"
    ):
        list(rows.between(run, EVER))


def test_a_name_without_rows_in_the_store_is_an_error(part: tuple[Path, Run]) -> None:
    path, run = part
    run.stored = [run.stored[0]._replace(periods=frozenset({"2025-09"}))]
    calendar = get_host().calendars.get("nse").load(None)
    rows = StoredRows(path, [run], PartitionColumns(STORED_COLUMNS, ()), calendar)
    with pytest.raises(StoreError, match="pack their sources again with --replace"):
        list(rows.next(run))
    with pytest.raises(StoreError, match="pack their sources again with --replace"):
        list(rows.between(run, EVER))
