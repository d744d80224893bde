"""Two writers, readers beside a writer, dead owners of the lock."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from tests.store.store_data import KEY, OTHER, index_of, make_store, partition_frame, put

from tickloom.errors import StoreBusyError, TickloomError
from tickloom.store.api import PartitionChangedError, open_store
from tickloom.store.commits.session import WriteSession
from tickloom.store.verify import verify_store
from tickloom.store.writer import StoreWriter

ROUNDS = 12


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    store = tmp_path / "s"
    first = StoreWriter.open(store, create=True)
    put(first, KEY, partition_frame())
    failures: list[BaseException] = []

    def second() -> None:
        try:
            with StoreWriter.open(store, wait=60) as writer:
                assert KEY in writer.manifest.partitions
                put(writer, OTHER, partition_frame(OTHER))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=second)
    thread.start()
    with pytest.raises(StoreBusyError):
        StoreWriter.open(store)
    first.close()
    thread.join()
    assert failures == []
    assert [part.key for part in open_store(store).partitions()] == [KEY, OTHER]
    assert verify_store(store).ok


def test_the_lock_of_a_dead_owner_is_taken_over(tmp_path: Path) -> None:
    """The owner dies without a chance to say so: as SIGKILL or power loss have it."""
    program = (
        "import os, sys; from pathlib import Path; "
        "from tickloom.store.writer import StoreWriter; "
        "StoreWriter.open(Path(sys.argv[1]), create=True); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "s")])
    assert done.returncode == 9
    control = tmp_path / "s" / "_tickloom"
    assert (control / "lock.owner").exists()
    assert (control / "staging").exists()
    StoreWriter.open(tmp_path / "s").close()
    assert sorted(path.name for path in control.iterdir()) == ["lock", "manifest.json"]


def test_a_reader_beside_a_live_writer_touches_nothing(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame()})
    with StoreWriter.open(tmp_path / "s") as writer:
        (writer.staging / "bins").write_bytes(b"work in progress")
        assert verify_store(tmp_path / "s").ok
        assert (writer.staging / "bins").exists()


def test_readers_see_the_old_or_the_new_partition_whole(tmp_path: Path) -> None:
    store = tmp_path / "s"
    versions = [partition_frame(seed=seed, ticks=20 + seed) for seed in range(3)]
    make_store(store, {KEY: versions[0]})
    known = {index_of(frame): frame for frame in versions}
    stop = threading.Event()
    seen: Counter[int] = Counter()
    failures: list[str] = []

    def read() -> None:
        opened = open_store(store)
        while not stop.is_set():
            part = opened.partition(KEY)
            try:
                index = part.index()
                # One open file is one version, as with any Parquet reader that opens it once.
                with part.file().open("rb") as file:
                    frame = pl.read_parquet(file.read())
                part.confirm()
            except (PartitionChangedError, FileNotFoundError):
                opened.reload()
                continue
            except TickloomError as error:
                failures.append(str(error))
                return
            if index not in known or not frame.equals(known[index]):
                failures.append("index and rows are of two versions, or of none")
            seen[frame.height] += 1

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(ROUNDS):
        with StoreWriter.open(store, wait=60) as writer:
            put(writer, KEY, versions[(turn + 1) % 3])
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert sum(seen.values()) > 0


def test_a_reader_that_may_not_write_reads_what_a_crash_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store on a read-only disk cannot be finished; its commits are found in staging."""
    frame = partition_frame(seed=9)
    make_store(tmp_path / "s", {KEY: partition_frame()})
    with StoreWriter.open(tmp_path / "s") as writer:
        monkeypatch.setattr(writer._control, "publish", lambda commit: set())
        put(writer, KEY, frame)
        monkeypatch.undo()

        def refuse(*args: object, **options: object) -> WriteSession:
            raise StoreBusyError("read-only")

        monkeypatch.setattr(WriteSession, "open", refuse)
        part = open_store(tmp_path / "s").partition(KEY)
        assert "staging" in part.file().parts
        assert pl.read_parquet(part.file()).equals(frame)
        assert part.index() == index_of(frame)
