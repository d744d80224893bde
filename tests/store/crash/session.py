"""One packer's session with every kind of change in it, and what may be found after a crash."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
from tests.store.store_data import KEY, OTHER, index_of, partition_frame, write_file

from tickloom.errors import UsageError
from tickloom.files import SYSTEM, FileLayer
from tickloom.store.api import open_store
from tickloom.store.commits.manifest import Rejection, SourceEntry, SourceFile
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.index import ContractIndex
from tickloom.store.verify import verify_store
from tickloom.store.writer import StoreWriter

NEW = PartitionKey(dt.date(2025, 8, 5), "NIFTY")

STATES: tuple[dict[str, str], ...] = (
    {str(KEY): "old", str(OTHER): "gone-soon"},
    {str(KEY): "newer", str(OTHER): "gone-soon"},
    {str(KEY): "newer", str(OTHER): "gone-soon", str(NEW): "fresh"},
    {str(KEY): "newer", str(NEW): "fresh"},
    {str(KEY): "newest", str(NEW): "fresh"},
)
"""Partition to the part that it holds, after each commit of the session."""

_PARTS = {"old": KEY, "newer": KEY, "newest": KEY, "gone-soon": OTHER, "fresh": NEW}


def make_parts(folder: Path) -> None:
    """The partition files and indexes that sessions commit, made once."""
    folder.mkdir()
    for seed, (name, key) in enumerate(_PARTS.items()):
        frame = partition_frame(key, seed=seed, ticks=10 + seed)
        write_file(folder / f"{name}.parquet", frame)
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(index_of(frame, key)))


def begin(
    store: Path,
    parts: Path,
    files: FileLayer = SYSTEM,
    acknowledged: Callable[[int], None] = lambda commits: None,
) -> None:
    """Make the store that a session finds. ``acknowledged`` hears how many commits are done."""
    with StoreWriter.open(store, create=True, files=files) as writer:
        _commit(writer, parts, "old")
        acknowledged(1)
        _commit(writer, parts, "gone-soon")
        acknowledged(2)


def check_beginning(store: Path, parts: Path, at_least: int) -> int:
    """After a crash of :func:`begin`: as many commits as were acknowledged, or one more."""
    try:
        opened = open_store(store)
    except UsageError:
        found = 0
    else:
        digests = [_sha256(part.file()) for part in opened.partitions()]
        expected = [_sha256(parts / f"{name}.parquet") for name in ("old", "gone-soon")]
        assert digests == expected[: len(digests)]
        assert verify_store(store).problems == []
        found = len(digests)
    assert found >= at_least, f"{at_least} commits were acknowledged and {found} found"
    return found


def run(
    store: Path,
    parts: Path,
    files: FileLayer = SYSTEM,
    acknowledged: Callable[[int], None] = lambda state: None,
) -> None:
    """The session. ``acknowledged`` hears of each state of STATES once it is reached."""
    with StoreWriter.open(store, files=files) as writer:
        acknowledged(0)
        writer.set_settings({"reader": "nse-parquet"})
        _commit(writer, parts, "newer")
        acknowledged(1)
        _commit(writer, parts, "fresh")
        acknowledged(2)
        writer.record_sources([_source(writer)])
        if OTHER in writer.manifest.partitions:
            writer.remove(OTHER)
        acknowledged(3)
        _commit(writer, parts, "newest")
        acknowledged(4)
    acknowledged(4)


def check(store: Path, parts: Path, at_least: int = 0) -> int:
    """After a crash: the store is one of STATES, whole, with nothing left over. Its number."""
    opened = open_store(store)
    digests = {_sha256(parts / f"{name}.parquet"): name for name in _PARTS}
    found = {str(p.key): digests[_sha256(p.file())] for p in opened.partitions()}
    assert found in STATES, f"{found} was never committed"
    state = STATES.index(found)
    assert state >= at_least, f"state {at_least} was acknowledged and {state} found"
    for part in opened.partitions():
        told = (parts / f"{found[str(part.key)]}.json").read_bytes()
        assert part.index() == msgspec.json.decode(told, type=ContractIndex)
    report = verify_store(store)
    assert report.problems == []
    left = sorted(path.name for path in (store / "_tickloom").iterdir())
    assert set(left) <= {"manifest.json", "index", "lock", "lock.owner", "quarantine"}, left
    return state


def tree(store: Path) -> dict[str, str]:
    """Every file but manifest and lock, with its digest: what a rerun must reproduce."""
    return {
        path.relative_to(store).as_posix(): _sha256(path)
        for path in store.rglob("*")
        if path.is_file() and path.name not in ("manifest.json", "lock")
    }


def rerun_converges(store: Path, parts: Path, expected: dict[str, str]) -> None:
    """The session, run again undisturbed, ends with the bytes of one that never crashed."""
    run(store, parts)
    assert check(store, parts) == len(STATES) - 1
    assert tree(store) == expected
    assert len(open_store(store).manifest.sources) == 1


def _commit(writer: StoreWriter, parts: Path, name: str) -> None:
    key = _PARTS[name]
    staged = writer.stage(key)
    shutil.copyfile(parts / f"{name}.parquet", staged)
    index = msgspec.json.decode((parts / f"{name}.json").read_bytes(), type=ContractIndex)
    writer.commit(key, staged, index)


def _source(writer: StoreWriter) -> SourceEntry:
    staged = writer.staging / "rejected"
    staged.write_bytes(b"rows that nobody wants")
    file, digest = writer.keep_rejected(staged, "rejected.parquet")
    return SourceEntry(
        key="a",
        files=(SourceFile("/raw/a", 1, 2, "3"),),
        reader="nse-parquet",
        settings="x",
        state="quarantined",
        rejected=(Rejection("/raw/a", "price is negative", 1, file, digest),),
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
