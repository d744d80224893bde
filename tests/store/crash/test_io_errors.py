"""Disk full and I/O errors at every system call: the old data or the new, whole, one clear line."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.store.crash import session
from tests.store.crash.conftest import FULL
from tests.store.crash.faults import PHASES, Counted, DeadDisk, Failing, FullDisk

from tickloom.errors import StoreError
from tickloom.files import FileLayer

MakeStore = Callable[[], Path]


def count_operations(store: Path, parts: Path) -> int:
    counted = Counted()
    session.run(store, parts, counted)
    return counted.count


def survives(make: MakeStore, parts: Path, files: FileLayer, expected: dict[str, str]) -> None:
    store = make()
    reached = []
    with pytest.raises(StoreError) as caught:
        session.run(store, parts, files, reached.append)
    assert "\n" not in str(caught.value)
    assert "failed: " in str(caught.value)
    session.check(store, parts, at_least=reached[-1] if reached else 0)
    session.rerun_converges(store, parts, expected)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
def test_one_failing_call(
    fresh_store: MakeStore, parts: Path, undisturbed: dict[str, str], number: int
) -> None:
    total = count_operations(fresh_store(), parts)
    assert total > 50
    for at in range(0, total, 1 if FULL else 3):
        for phase in PHASES if FULL else PHASES[at % 3 :][:1]:
            survives(fresh_store, parts, Failing(at, phase, number), undisturbed)


def test_temporaries_are_gone_after_one_failing_call(fresh_store: MakeStore, parts: Path) -> None:
    total = count_operations(fresh_store(), parts)
    for at in range(0, total, 1 if FULL else 4):
        store = fresh_store()
        with pytest.raises(StoreError):
            session.run(store, parts, Failing(at, "before", errno.ENOSPC))
        staged = list((store / "_tickloom").glob("staging/**/*.parquet"))
        assert staged == [], f"operation {at}"


def test_a_disk_that_stays_full(
    fresh_store: MakeStore, parts: Path, undisturbed: dict[str, str]
) -> None:
    total = count_operations(fresh_store(), parts)
    for at in range(0, total - 8, 1 if FULL else 5):
        survives(fresh_store, parts, FullDisk(at), undisturbed)


def test_a_full_disk_keeps_no_staging(fresh_store: MakeStore, parts: Path) -> None:
    total = count_operations(fresh_store(), parts)
    for at in range(3, total - 8, 1 if FULL else 5):
        store = fresh_store()
        with pytest.raises(StoreError):
            session.run(store, parts, FullDisk(at))
        assert not (store / "_tickloom" / "staging").exists(), f"operation {at}"


def test_a_disk_that_dies(fresh_store: MakeStore, parts: Path, undisturbed: dict[str, str]) -> None:
    total = count_operations(fresh_store(), parts)
    for at in range(0, total, 1 if FULL else 5):
        survives(fresh_store, parts, DeadDisk(at), undisturbed)
