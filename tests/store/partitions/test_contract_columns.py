"""A partition's contracts in columns are those of its index, as it is now."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.store.store_data import KEY, OTHER, index_of, make_store, partition_frame, put

from tickloom.errors import StoreError
from tickloom.store.api import PartitionChangedError, open_store
from tickloom.store.partitions import contract_columns
from tickloom.store.partitions.contract_columns import ContractColumns
from tickloom.store.partitions.index import ContractIndex
from tickloom.store.writer import StoreWriter


def rows_of(columns: ContractColumns) -> list[tuple[object, ...]]:
    names = ("expiries", "calls", "strikes", "starts", "rows", "monthly")
    return list(zip(*(getattr(columns, name).tolist() for name in names), strict=True))


def rows_in(index: ContractIndex) -> list[tuple[object, ...]]:
    return [
        (
            c.expiry.toordinal() - 719_163,
            c.right == "CE",
            c.strike,
            c.first_row,
            c.rows,
            c.kind == "monthly",
        )
        for c in index.contracts
    ]


def test_columns_are_those_of_the_index(tmp_path: Path) -> None:
    frame = partition_frame()
    make_store(tmp_path / "s", {KEY: frame})
    for _ in range(2):  # decoded, then remembered
        part = open_store(tmp_path / "s").partition(KEY)
        assert rows_of(part.contracts()) == rows_in(index_of(frame))
    shutil.rmtree(tmp_path / "s" / "_tickloom")
    foreign = open_store(tmp_path / "s").partition(KEY)
    assert rows_of(foreign.contracts()) == rows_in(index_of(frame))


def test_what_runs_share_cannot_be_changed(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame()})
    contracts = open_store(tmp_path / "s").partition(KEY).contracts()
    with pytest.raises(ValueError, match="read-only"):
        contracts.rows[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        contracts.where(slice(1, 3)).rows[0] = 1


def test_a_replaced_partition_has_its_own_columns(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame()})
    before = open_store(tmp_path / "s").partition(KEY)
    before.contracts()
    new = partition_frame(seed=9, ticks=7)
    with StoreWriter.open(tmp_path / "s") as writer:
        put(writer, KEY, new)
    with pytest.raises(PartitionChangedError):
        before.contracts()
    after = open_store(tmp_path / "s").partition(KEY)
    assert rows_of(after.contracts()) == rows_in(index_of(new))


def test_an_index_that_was_damaged_since_is_not_answered_from_memory(tmp_path: Path) -> None:
    make_store(tmp_path / "s", {KEY: partition_frame()})
    open_store(tmp_path / "s").partition(KEY).contracts()
    index = tmp_path / "s" / KEY.index
    index.write_bytes(index.read_bytes().replace(b"2025-08-28", b"2025-08-21", 1))
    with pytest.raises(StoreError, match="not what was committed"):
        open_store(tmp_path / "s").partition(KEY).contracts()


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract_columns, "_REMEMBERED", 1)
    monkeypatch.setattr(contract_columns, "_remembered", {})
    frames = {KEY: partition_frame(KEY), OTHER: partition_frame(OTHER, seed=2, ticks=3)}
    make_store(tmp_path / "s", frames)
    for part in open_store(tmp_path / "s").partitions():
        assert rows_of(part.contracts()) == rows_in(index_of(frames[part.key], part.key))
        assert len(contract_columns._remembered) == 1
