"""Random bit flips and truncations of every file of a store: ``verify`` reports each, by file."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from tests.store.crash import session
from tests.store.store_data import OTHER, make_store, partition_frame, put

from tickloom.store.commits.manifest import Rejection, SourceEntry, SourceFile
from tickloom.store.layout import CONTROL_DIR
from tickloom.store.verify import verify_store
from tickloom.store.writer import StoreWriter

FULL = os.environ.get("TICKLOOM_DAMAGE") == "full"
"""``make damage``: 2,000 cases instead of a sample."""

CASES = 2000 if FULL else 120
SEED = 20250804


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store: two partitions, indexes, a source, rejected rows."""
    path = tmp_path_factory.mktemp("damage") / "store"
    make_store(path, {session.KEY: partition_frame(), OTHER: partition_frame(OTHER, seed=2)})
    with StoreWriter.open(path) as writer:
        staged = writer.staging / "rejected.parquet"
        pl.DataFrame({"price": [-1.0], "reason": ["price is negative"]}).write_parquet(staged)
        kept = writer.keep_rejected(staged, "a.parquet")
        writer.record_sources([_source(Rejection("/raw/a", "price is negative", 1, *kept))])
    return path


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a packer that was killed behind a commit: the log is not folded yet."""
    folder = tmp_path_factory.mktemp("killed")
    make_store(folder / "live", {session.KEY: partition_frame()})
    with StoreWriter.open(folder / "live") as writer:
        writer.set_settings({"reader": "nse-parquet"})
        put(writer, OTHER, partition_frame(OTHER, seed=2))
        writer.record_sources([_source()])
        put(writer, session.KEY, partition_frame(seed=3))
        shutil.copytree(folder / "live", folder / "store")
    assert (folder / "store" / CONTROL_DIR / "manifest.log").stat().st_size > 1000
    return folder / "store"


def _source(*rejected: Rejection) -> SourceEntry:
    return SourceEntry(
        key="/raw/a",
        files=(SourceFile("/raw/a", 10, 20, "ab"),),
        reader="nse-parquet",
        settings="x",
        state="quarantined" if rejected else "packed",
        rejected=rejected,
    )


def flip(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    changed = bytearray(data)
    changed[at] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def test_damage_of_a_closed_store(store: Path) -> None:
    files = sorted(p for p in store.rglob("*") if p.is_file() and p.name != "lock")
    assert len(files) == 6  # two partitions, two indexes, rejected rows, the manifest
    rng = random.Random(SEED)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
    for case in range(CASES):
        path = rng.choice(files)
        kind = rng.choice((flip, flip, truncate))
        data, mtime = before[path]
        path.write_bytes(kind(data, rng))
        # Damage on the disk leaves the times alone.
        os.utime(path, ns=(mtime, mtime))
        report = verify_store(store)
        found = {problem.path for problem in report.problems}
        assert str(path) in found, f"seed {SEED}, case {case}: {kind.__name__} of {path}: {report}"
        assert all(problem.reason for problem in report.problems)
        path.write_bytes(data)
        os.utime(path, ns=(mtime, mtime))
    assert verify_store(store).ok


def test_damage_of_the_log(killed: Path, tmp_path: Path) -> None:
    """A changed bit in a whole line is damage of the log; a shorter log is an older manifest, which
    the files belie."""
    rng = random.Random(SEED)
    log = Path(CONTROL_DIR, "manifest.log")
    for case in range(CASES // 4):
        store = tmp_path / str(case)
        shutil.copytree(killed, store)
        kind = rng.choice((flip, flip, truncate))
        (store / log).write_bytes(kind((killed / log).read_bytes(), rng))
        report = verify_store(store)
        assert not report.ok, f"seed {SEED}, case {case}: {kind.__name__} of the log"
        if kind is flip and (store / log).exists():
            assert str(store / log) in {problem.path for problem in report.problems}
        shutil.rmtree(store)
    shutil.copytree(killed, tmp_path / "undamaged")
    assert verify_store(tmp_path / "undamaged").ok
