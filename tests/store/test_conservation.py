"""``verify --deep`` reads the sources again: no row of theirs may be missing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import polars as pl
import pytest
from click.testing import CliRunner
from tests.store.store_data import write_file

from tickloom.cli.verify import command
from tickloom.packing.api import pack
from tickloom.store.api import open_store
from tickloom.store.partitions.index import ContractIndex
from tickloom.store.writer import StoreWriter
from tickloom.synth import write_raw


@pytest.fixture
def packed(tmp_path: Path) -> tuple[Path, Path]:
    """Raw files, one of them with bad rows, and the store that they were packed into."""
    raw, store = tmp_path / "raw", tmp_path / "s"
    write_raw(raw, seed=11, rows=1500, days=2, strikes=2)
    first = min(raw.rglob("*.parquet"))
    frame = pl.read_parquet(first)
    bad = pl.int_range(pl.len()) < 3
    frame.with_columns(price=pl.when(bad).then(-1.0).otherwise("price")).write_parquet(first)
    report = pack(raw, store, executor="threads", workers=1)
    assert report.rows_quarantined == 3
    return raw, store


def deep(store: Path) -> tuple[bool, list[dict[str, str]], list[str]]:
    done = CliRunner().invoke(command, [str(store), "--deep", "--json"])
    found = json.loads(done.stdout)
    return found["ok"], found["problems"], found["notes"]


def test_a_whole_store_has_every_good_row(packed: tuple[Path, Path]) -> None:
    assert deep(packed[1]) == (True, [], [])


def test_a_lost_row_is_found(packed: tuple[Path, Path]) -> None:
    """A store that lost a row and is consistent in itself: only the sources can tell."""
    raw, store = packed
    part = open_store(store).partitions()[0]
    frame, index = pl.read_parquet(part.file()), part.index()
    last = index.contracts[-1]
    shorter = msgspec.structs.replace(last, rows=last.rows - 1)
    with StoreWriter.open(store) as writer:
        staged = writer.stage(part.key)
        write_file(staged, frame[:-1])
        writer.commit(part.key, staged, ContractIndex((*index.contracts[:-1], shorter)))
    assert CliRunner().invoke(command, [str(store)]).exit_code == 0
    ok, problems, notes = deep(store)
    assert (ok, notes) == (False, [])
    assert problems
    for problem in problems:  # the day is in both folders
        assert Path(problem["path"]).is_relative_to(raw)
        assert problem["reason"] == "1 of its rows are not in the store"


def test_a_source_that_is_gone_or_changed_is_noted(packed: tuple[Path, Path]) -> None:
    raw, store = packed
    first, second, *_ = sorted(raw.rglob("*.parquet"))
    first.unlink()
    second.write_bytes(second.read_bytes() + b"x")
    ok, problems, notes = deep(store)
    assert (ok, problems) == (True, [])
    assert sorted(notes) == sorted(
        [
            f"{first} is gone; its rows cannot be compared",
            f"{second} has changed since it was packed; its rows cannot be compared",
        ]
    )


def test_a_source_that_cannot_be_read_any_more_is_noted(packed: tuple[Path, Path]) -> None:
    """Damaged behind its size and its time: the others are compared all the same."""
    raw, store = packed
    first, *_ = sorted(raw.rglob("*.parquet"))
    before, data = first.stat(), bytearray(first.read_bytes())
    data[4:200] = b"\xff" * 196
    first.write_bytes(data)
    os.utime(first, ns=(before.st_atime_ns, before.st_mtime_ns))
    ok, problems, notes = deep(store)
    assert (ok, problems) == (True, [])
    assert len(notes) == 1
    assert notes[0].startswith(f"{first} cannot be read any more: ")
