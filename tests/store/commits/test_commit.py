"""Commits: what is written is read back, and nothing that is wrong gets in."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import polars as pl
import pytest
from tests.store.store_data import (
    KEY,
    OTHER,
    index_of,
    make_store,
    partition_frame,
    put,
    write_file,
)

from tickloom.errors import StoreBusyError, StoreError, UsageError
from tickloom.files import file_sha256
from tickloom.store.api import PartitionChangedError, open_store
from tickloom.store.commits.staged import check_staged
from tickloom.store.layout import PartitionKey
from tickloom.store.writer import StoreWriter


def test_a_committed_partition_is_read_back(tmp_path: Path) -> None:
    frames = {KEY: partition_frame(KEY), OTHER: partition_frame(OTHER, seed=2)}
    make_store(tmp_path / "s", frames)
    store = open_store(tmp_path / "s")
    assert store.managed
    assert [p.key for p in store.partitions()] == [KEY, OTHER]
    for part in store.partitions():
        assert part.file() == tmp_path / "s" / part.key.file()
        assert part.index() == index_of(frames[part.key], part.key)
        assert part.rows == frames[part.key].height
        assert pl.read_parquet(part.file()).height == part.rows
        part.confirm()


def test_a_file_that_changed_after_its_check_is_checked_again(tmp_path: Path) -> None:
    frame = partition_frame()
    with StoreWriter.open(tmp_path / "s", create=True) as writer:
        staged = writer.stage(KEY)
        write_file(staged, frame)
        checked = check_staged(staged, index_of(frame))
        assert checked.sha256 == file_sha256(staged)
        staged.unlink()
        write_file(staged, frame.reverse())
        os.utime(staged, ns=(0, checked.mtime_ns + 1))
        with pytest.raises(StoreError, match="row 1 belongs before row 0"):
            writer.commit(KEY, staged, index_of(frame), checked)


def test_nothing_but_the_store_is_left(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame()})
    names = {p.relative_to(tmp_path / "s").as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert names == {
        "2025-08-01/BANKNIFTY/part-banknifty-0.parquet",
        "_tickloom/index/2025-08-01/BANKNIFTY.json",
        "_tickloom/lock",
        "_tickloom/manifest.json",
    }


def test_unsorted_rows_are_refused_and_the_old_partition_stays(tmp_path: Path) -> None:
    old = partition_frame()
    make_store(tmp_path / "s", {KEY: old})
    unsorted = partition_frame(seed=3).reverse()
    with (
        pytest.raises(StoreError, match=r"row 1 belongs before row 0.*tickloom resort"),
        StoreWriter.open(tmp_path / "s") as writer,
    ):
        put(writer, KEY, unsorted)
    assert pl.read_parquet(open_store(tmp_path / "s").partition(KEY).file()).equals(old)


def test_order_is_checked_across_row_groups(tmp_path: Path) -> None:
    frame = partition_frame()
    swapped = pl.concat([frame[:100], frame[101:102], frame[100:101], frame[102:]])
    with StoreWriter.open(tmp_path / "s", create=True) as writer:
        staged = writer.stage(KEY)
        write_file(staged, swapped, row_group_rows=101)
        with pytest.raises(StoreError, match="row 101 belongs before row 100"):
            writer.commit(KEY, staged, index_of(swapped))


def test_an_index_that_is_not_the_files_is_refused(tmp_path: Path) -> None:
    frame = partition_frame()
    with StoreWriter.open(tmp_path / "s", create=True) as writer:
        staged = writer.stage(KEY)
        write_file(staged, frame)
        with pytest.raises(StoreError, match=r"contract 0 of the index is .* with 39 rows"):
            writer.commit(KEY, staged, index_of(frame[1:]))


def test_a_file_that_another_tool_put_there_is_never_overwritten(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame()})
    strange = tmp_path / "s" / OTHER.file()
    strange.parent.mkdir(parents=True)
    strange.write_bytes(b"mine")
    with (
        pytest.raises(StoreError, match="not in the manifest"),
        StoreWriter.open(tmp_path / "s") as writer,
    ):
        put(writer, OTHER, partition_frame(OTHER))
    assert strange.read_bytes() == b"mine"


def test_a_removed_partition_is_gone(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame(), OTHER: partition_frame(OTHER)})
    with StoreWriter.open(tmp_path / "s") as writer:
        writer.remove(KEY)
    store = open_store(tmp_path / "s")
    assert [p.key for p in store.partitions()] == [OTHER]
    assert not (tmp_path / "s" / KEY.file()).exists()
    assert not (tmp_path / "s" / KEY.index).exists()


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    with (
        StoreWriter.open(tmp_path / "s", create=True),
        pytest.raises(StoreBusyError, match=f"process {os.getpid()} on .*, since 20"),
    ):
        StoreWriter.open(tmp_path / "s")
    StoreWriter.open(tmp_path / "s").close()


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        StoreWriter.open(tmp_path / "none")
    with pytest.raises(UsageError, match="does not exist"):
        open_store(tmp_path / "none")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("x")
    with pytest.raises(UsageError, match=r"expected .*found letter\.txt"):
        StoreWriter.open(tmp_path / "home", create=True)
    with pytest.raises(UsageError, match=r"expected .*found letter\.txt"):
        open_store(tmp_path / "home")
    with pytest.raises(UsageError, match="is a file"):
        StoreWriter.open(tmp_path / "home" / "letter.txt", create=True)


@pytest.mark.parametrize(
    "name", ["..", "a/b", "/etc", "NUL", "nifty", "A" * 64, "A\0", "A\nB", "", "X.", "é"]
)
def test_a_hostile_underlying_is_refused(tmp_path: Path, name: str) -> None:
    with StoreWriter.open(tmp_path / "s", create=True) as writer, pytest.raises(StoreError):
        writer.stage(PartitionKey(dt.date(2025, 8, 1), name))


def test_a_reader_sees_the_commit_before_it_is_in_place(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame()})
    new = partition_frame(seed=9)
    with StoreWriter.open(tmp_path / "s") as writer:
        writer._control.publish = lambda commit: set()  # type: ignore[method-assign,assignment]
        put(writer, KEY, new)
        part = open_store(tmp_path / "s").partition(KEY)
        assert "staging" in part.file().parts
        assert part.index() == index_of(new)
        assert pl.read_parquet(part.file()).equals(new)
        del writer._control.publish  # type: ignore[attr-defined]
    part.confirm()
    assert part.file() == tmp_path / "s" / KEY.file()


def test_a_reader_notices_that_the_partition_was_replaced(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame()})
    before = open_store(tmp_path / "s").partition(KEY)
    unused = open_store(tmp_path / "s").partition(KEY)
    before.index()
    before.file()
    new = partition_frame(seed=9)
    with StoreWriter.open(tmp_path / "s") as writer:
        put(writer, KEY, new)
    with pytest.raises(PartitionChangedError):
        before.confirm()
    with pytest.raises(PartitionChangedError):
        before.file()
    assert unused.index() == index_of(new)
    assert pl.read_parquet(unused.file()).equals(new)


def test_a_copied_store_is_accepted_by_its_bytes(tmp_path: Path) -> None:
    frame = partition_frame()
    make_store(tmp_path / "s", {KEY: frame})
    file = tmp_path / "s" / KEY.file()
    os.utime(file, ns=(0, 0))
    assert pl.read_parquet(open_store(tmp_path / "s").partition(KEY).file()).equals(frame)
    data = bytearray(file.read_bytes())
    data[500] ^= 1
    file.write_bytes(data)
    with pytest.raises(StoreError, match="not the file that was committed"):
        open_store(tmp_path / "s").partition(KEY).file()


def test_a_store_without_a_manifest_is_read(tmp_path: Path) -> None:
    frame = partition_frame()
    file = tmp_path / "s" / KEY.file()
    file.parent.mkdir(parents=True)
    frame.with_columns(pl.col("symbol", "opt_type", "expiry_type").cast(pl.String)).write_parquet(
        file, row_group_size=100
    )
    store = open_store(tmp_path / "s")
    assert not store.managed
    (part,) = store.partitions()
    assert (part.key, part.rows, part.file()) == (KEY, frame.height, file)
    expected = index_of(frame).contracts
    found = part.index().contracts
    assert [(c.expiry, c.kind, c.right, c.strike, c.first_row, c.rows) for c in found] == [
        (c.expiry, c.kind, c.right, c.strike, c.first_row, c.rows) for c in expected
    ]
    assert not (tmp_path / "s" / "_tickloom").exists()
