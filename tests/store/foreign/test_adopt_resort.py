"""Stores that the documented scripts wrote: read, resorted, adopted; damaged manifests rebuilt."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.store.store_data import KEY, OTHER, index_of, make_store, partition_frame

from tickloom.cli.adopt import command as adopt
from tickloom.cli.resort import command as resort
from tickloom.errors import StoreError, UsageError
from tickloom.packing.api import pack
from tickloom.schema import SORT_KEY
from tickloom.store.api import open_store
from tickloom.store.foreign.adopt import adopt_store
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.order import UnsortedError
from tickloom.store.resort import resort_store
from tickloom.store.verify import verify_store
from tickloom.store.writer import StoreWriter
from tickloom.synth import write_raw

TEXT = ("symbol", "opt_type", "expiry_type")

Write = Callable[[PartitionKey, pl.DataFrame], Path]


@pytest.fixture(params=["strings", "categoricals"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    """Writes a partition as the documented scripts do: no checksums, no metadata."""
    dtype = pl.String if request.param == "strings" else pl.Categorical

    def write(key: PartitionKey, frame: pl.DataFrame) -> Path:
        file = tmp_path / "s" / key.file()
        file.parent.mkdir(parents=True)
        typed = frame.with_columns(pl.col(TEXT).cast(pl.String).cast(dtype))
        typed.write_parquet(file, compression="zstd", statistics=True, row_group_size=100)
        return file

    return write


def shuffled(frame: pl.DataFrame, seed: int = 1) -> pl.DataFrame:
    order = list(range(frame.height))
    random.Random(seed).shuffle(order)
    return frame[order]


def plain_rows(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    return frame.with_columns(pl.col(TEXT).cast(pl.String)).rows()


def expected_order(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    """A stable sort in plain Python."""
    names = frame.columns
    at = [names.index(name) for name in SORT_KEY]
    return sorted(plain_rows(frame), key=lambda row: tuple(row[i] for i in at))  # type: ignore[arg-type,return-value]


def test_resort_sorts_in_place_and_keeps_every_row(write: Write, tmp_path: Path) -> None:
    messy = shuffled(partition_frame())
    file = write(KEY, messy)
    in_order = write(OTHER, partition_frame(OTHER))
    untouched = in_order.read_bytes()
    with pytest.raises(UnsortedError, match="tickloom resort"):
        open_store(tmp_path / "s").partition(KEY).index()
    types = pl.read_parquet_schema(file)
    report = resort_store(tmp_path / "s")
    assert [(f.path, f.outcome, f.rows) for f in report.files] == [
        (str(file), "sorted", 320),
        (str(in_order), "already sorted", 320),
    ]
    assert in_order.read_bytes() == untouched
    assert plain_rows(pl.read_parquet(file)) == expected_order(messy)
    assert pl.read_parquet_schema(file) == types
    assert verify_store(tmp_path / "s").ok
    column = pq.ParquetFile(file).metadata.row_group(0).column(0)
    assert (column.compression, column.is_stats_set) == ("ZSTD", True)
    assert not (tmp_path / "s" / "_tickloom" / "staging").exists()
    again = resort_store(tmp_path / "s")
    assert [f.outcome for f in again.files] == ["already sorted"] * 2


def test_a_file_without_rows_is_a_partition_of_no_contract(write: Write, tmp_path: Path) -> None:
    """As a day without trades leaves one behind."""
    write(KEY, partition_frame()[:0])
    in_order = write(OTHER, partition_frame(OTHER))
    assert open_store(tmp_path / "s").partition(KEY).index().contracts == ()
    report = resort_store(tmp_path / "s")
    assert [(f.outcome, f.rows) for f in report.files] == [
        ("already sorted", 0),
        ("already sorted", 320),
    ]
    adopt_store(tmp_path / "s")
    assert verify_store(tmp_path / "s", deep=True).ok
    assert in_order.exists()


def test_a_row_group_without_rows_parts_no_contracts_and_joins_none(tmp_path: Path) -> None:
    """Else what follows it would be taken for the start of the file, sorted or not."""
    table = partition_frame().to_arrow()
    file = tmp_path / "s" / KEY.file()
    file.parent.mkdir(parents=True)
    for name, pieces in {
        "amid a contract": [(0, 60), (60, 0), (60, 260)],
        "between contracts": [(0, 0), (0, 80), (80, 0), (80, 240)],
    }.items():
        with pq.ParquetWriter(file, table.schema) as writer:
            for first, rows in pieces:
                writer.write_table(table.slice(first, rows))
        assert pq.ParquetFile(file).num_row_groups == len(pieces), name
        found = open_store(tmp_path / "s").partition(KEY).index().contracts
        wanted = index_of(partition_frame(), KEY).contracts
        assert [(c.expiry, c.right, c.strike, c.first_row, c.rows) for c in found] == [
            (c.expiry, c.right, c.strike, c.first_row, c.rows) for c in wanted
        ], name
    with pq.ParquetWriter(file, table.schema) as writer:
        for first, rows in [(80, 240), (0, 0), (0, 80)]:
            writer.write_table(table.slice(first, rows))
    with pytest.raises(UnsortedError, match="row 240 belongs before row 239"):
        open_store(tmp_path / "s").partition(KEY).index()


def test_rows_of_one_time_stay_in_their_order(write: Write, tmp_path: Path) -> None:
    frame = partition_frame(ticks=30).with_columns(
        timestamp=pl.lit(dt.datetime(2025, 8, 1, 9, 15), pl.Datetime("us")),
        qty=pl.int_range(pl.len(), dtype=pl.Int64),
    )
    messy = shuffled(frame)
    file = write(KEY, messy)
    resort_store(tmp_path / "s")
    assert plain_rows(pl.read_parquet(file)) == expected_order(messy)


def test_a_dry_run_says_what_it_would_sort_and_changes_nothing(
    write: Write, tmp_path: Path
) -> None:
    file = write(KEY, shuffled(partition_frame()))
    before = file.read_bytes(), file.stat().st_mtime_ns
    done = CliRunner().invoke(resort, [str(tmp_path / "s"), "--dry-run", "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert (found["files"], found["unsorted"], found["sorted"]) == (1, 1, 0)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert not (tmp_path / "s" / "_tickloom").exists()


def test_a_file_that_cannot_be_sorted_is_named_and_the_others_are_sorted(
    write: Write, tmp_path: Path
) -> None:
    messy = shuffled(partition_frame())
    nulls = messy.with_columns(expiry=pl.when(pl.col("strike") > 150).then("expiry"))
    bad = write(OTHER, nulls)
    before = bad.read_bytes()
    good = write(KEY, messy)
    done = CliRunner().invoke(resort, [str(tmp_path / "s")])
    assert done.exit_code == 1
    assert f"{good}: sorted, 320 rows" in done.stdout
    assert "rows have no expiry" in done.stdout
    assert "1 sorted, 1 failed" in done.stdout
    assert bad.read_bytes() == before


def test_a_file_that_does_not_fit_into_memory_is_left_alone(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psutil

    file = write(KEY, shuffled(partition_frame()))
    before = file.read_bytes()
    free = psutil.virtual_memory()._replace(available=1000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    (found,) = resort_store(tmp_path / "s").files
    assert found.outcome == "failed"
    assert "GiB" in found.reason
    assert file.read_bytes() == before


def test_adopt_builds_manifest_and_index(write: Write, tmp_path: Path) -> None:
    frames = {KEY: partition_frame(), OTHER: partition_frame(OTHER, seed=2)}
    files = [write(key, frame) for key, frame in frames.items()]
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    done = CliRunner().invoke(adopt, [str(tmp_path / "s"), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "files": 2,
        "rows": 640,
        "adopted": 2,
        "refreshed": 0,
        "forgotten": 0,
        "unnamed": 0,
    }
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before
    store = open_store(tmp_path / "s")
    assert store.managed
    for key, frame in frames.items():
        assert store.partition(key).index() == index_of(frame, key)
    report = verify_store(tmp_path / "s", deep=True)
    assert (report.problems, report.notes, report.rows) == ([], [], 640)
    data = bytearray(files[0].read_bytes())
    data[1234] ^= 1
    files[0].write_bytes(data)
    assert [problem.path for problem in verify_store(tmp_path / "s").problems] == [str(files[0])]


def test_expiries_as_text_and_wider_numbers_are_read(write: Write, tmp_path: Path) -> None:
    """Scripts differ in what they do to types; the values are the same."""
    frame = partition_frame()
    write(
        KEY,
        shuffled(frame).with_columns(
            pl.col("expiry").cast(pl.String),
            pl.col("strike").cast(pl.Float64),
            pl.col("year", "month").cast(pl.Int64),
            pl.col("timestamp").cast(pl.Datetime("ns")),
        ),
    )
    assert [file.outcome for file in resort_store(tmp_path / "s").files] == ["sorted"]
    report = verify_store(tmp_path / "s", deep=True)
    assert (report.problems, report.rows) == ([], 320)
    adopt_store(tmp_path / "s")
    assert open_store(tmp_path / "s").partition(KEY).index() == index_of(frame)
    assert verify_store(tmp_path / "s", deep=True).ok


def test_adopt_refuses_what_is_unsorted_and_changes_nothing(write: Write, tmp_path: Path) -> None:
    write(KEY, shuffled(partition_frame()))
    write(OTHER, partition_frame(OTHER))
    with pytest.raises(StoreError, match=r"1 of 2 files cannot be adopted.*tickloom resort"):
        adopt_store(tmp_path / "s")
    assert not open_store(tmp_path / "s").managed
    resort_store(tmp_path / "s")
    assert adopt_store(tmp_path / "s").adopted == 2


def test_adopt_refuses_a_file_that_no_longer_decodes(write: Write, tmp_path: Path) -> None:
    file = write(KEY, partition_frame())
    data = file.read_bytes()
    file.write_bytes(data[:200] + bytes(300) + data[500:])
    with pytest.raises(StoreError, match="1 of 1 files cannot be adopted"):
        adopt_store(tmp_path / "s")


def test_columns_beyond_the_58_must_agree(write: Write, tmp_path: Path) -> None:
    write(KEY, partition_frame().with_columns(iv=pl.lit(0.5)))
    write(OTHER, partition_frame(OTHER))
    with pytest.raises(StoreError, match=r"beyond the 58 are none; those of the store are iv"):
        adopt_store(tmp_path / "s")


def test_columns_beyond_the_58_are_kept(write: Write, tmp_path: Path) -> None:
    write(KEY, partition_frame().with_columns(iv=pl.lit(0.5), note=pl.lit("x")))
    adopt_store(tmp_path / "s")
    columns = open_store(tmp_path / "s").manifest.columns
    assert [(c.name, c.type) for c in columns or ()] == [("iv", "float64"), ("note", "symbol")]
    assert verify_store(tmp_path / "s").ok


def test_the_first_write_adopts(write: Write, tmp_path: Path) -> None:
    frame = partition_frame()
    write(KEY, frame)
    with StoreWriter.open(tmp_path / "s", create=True) as writer:
        assert list(writer.manifest.partitions) == [KEY]
    assert open_store(tmp_path / "s").partition(KEY).index() == index_of(frame)
    assert verify_store(tmp_path / "s").ok


def test_the_first_write_refuses_an_unsorted_store(write: Write, tmp_path: Path) -> None:
    write(KEY, shuffled(partition_frame()))
    with pytest.raises(StoreError, match="tickloom resort"):
        StoreWriter.open(tmp_path / "s", create=True)


def test_a_stranger_is_adopted_into_a_managed_store(write: Write, tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame()})
    write(OTHER, partition_frame(OTHER))
    assert not verify_store(tmp_path / "s").ok
    report = adopt_store(tmp_path / "s")
    assert (report.files, report.adopted) == (2, 1)
    assert verify_store(tmp_path / "s").ok


def test_times_of_a_copied_store_are_refreshed(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame()})
    os.utime(tmp_path / "s" / KEY.file(), ns=(1, 1))
    assert adopt_store(tmp_path / "s").refreshed == 1
    entry = open_store(tmp_path / "s").manifest.partitions[KEY]
    assert entry.mtime_ns == 1
    assert adopt_store(tmp_path / "s").refreshed == 0


def test_a_damaged_partition_is_packed_anew_once_it_is_forgotten(tmp_path: Path) -> None:
    """The way back from damage without a backup: delete the file, adopt, pack."""
    raw, store = tmp_path / "raw", tmp_path / "s"
    write_raw(raw, seed=2, rows=1500, days=2, strikes=2)
    pack(raw, store, executor="threads", workers=1)
    part = open_store(store).partitions()[0]
    before = part.file().read_bytes()
    part.file().write_bytes(before[:-1])
    with pytest.raises(StoreError, match=r"delete it, run 'tickloom adopt STORE' and pack"):
        open_store(store).partition(part.key).file()
    (store / part.key.file()).unlink()
    assert adopt_store(store).forgotten == 1
    assert verify_store(store).ok
    pack(raw, store, executor="threads", workers=1)
    assert (store / part.key.file()).read_bytes() == before


def test_a_damaged_manifest_is_rebuilt_with_the_names_that_the_indexes_know(tmp_path: Path) -> None:
    frames = {KEY: partition_frame(), OTHER: partition_frame(OTHER, seed=2)}
    make_store(tmp_path / "s", frames)
    before = {key: open_store(tmp_path / "s").partition(key).index() for key in frames}
    manifest = tmp_path / "s" / "_tickloom" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-20])
    with pytest.raises(StoreError, match="--rebuild"):
        adopt_store(tmp_path / "s")
    report = adopt_store(tmp_path / "s", rebuild=True)
    assert (report.files, report.adopted) == (2, 2)
    assert manifest.with_name("manifest.json.damaged").exists()
    store = open_store(tmp_path / "s")
    assert {key: store.partition(key).index() for key in frames} == before
    assert verify_store(tmp_path / "s").ok


def test_a_whole_manifest_is_not_rebuilt(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame()})
    with pytest.raises(UsageError, match="nothing to rebuild"):
        adopt_store(tmp_path / "s", rebuild=True)
