"""A foreign file's index is made once for each state of the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.store.store_data import index_of, partition_frame

from tickloom.errors import StoreError
from tickloom.store.foreign.index_cache import remembered
from tickloom.store.partitions.index import ContractIndex

INDEX = index_of(partition_frame())
OTHER = index_of(partition_frame(ticks=3))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "part.parquet"
    path.write_bytes(b"rows")
    os.utime(path, ns=(0, 0))
    return path


def never() -> ContractIndex:
    raise AssertionError("made again")


def test_the_second_look_is_from_the_cache(file: Path) -> None:
    assert remembered(file, lambda: INDEX) == INDEX
    assert remembered(file, never) == INDEX


def test_a_changed_file_is_looked_at_again(file: Path) -> None:
    remembered(file, lambda: INDEX)
    os.utime(file, ns=(0, 1))
    assert remembered(file, lambda: OTHER) == OTHER
    file.write_bytes(b"more rows")
    os.utime(file, ns=(0, 1))
    assert remembered(file, lambda: INDEX) == INDEX


def test_a_file_that_just_changed_is_not_remembered(file: Path) -> None:
    os.utime(file)
    remembered(file, lambda: INDEX)
    assert remembered(file, lambda: OTHER) == OTHER


def test_a_damaged_entry_is_made_again(file: Path, cache: Path) -> None:
    remembered(file, lambda: INDEX)
    (entry,) = (cache / "indexes").iterdir()
    entry.write_bytes(entry.read_bytes()[:-5])
    assert remembered(file, lambda: OTHER) == OTHER
    assert remembered(file, never) == OTHER


def test_a_cache_that_cannot_be_written_costs_nothing_else(file: Path, cache: Path) -> None:
    cache.write_bytes(b"a file where a folder should be")
    assert remembered(file, lambda: INDEX) == INDEX


def test_an_error_is_not_remembered(file: Path) -> None:
    def fails() -> ContractIndex:
        raise StoreError("unsorted")

    with pytest.raises(StoreError):
        remembered(file, fails)
    assert remembered(file, lambda: INDEX) == INDEX
