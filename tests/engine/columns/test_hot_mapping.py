"""Hot files stay mapped within bounds, and only as long as they are the files that were read."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from tickloom.engine.columns import hot_mapping
from tickloom.engine.columns.hot_mapping import AROUND, Mappings

SIZE = 10 * AROUND


class Reader:
    """Notes what it was asked to read."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, path: Path) -> pa.Table:
        self.asked.append(path.name)
        return pa.table({"first": [path.read_bytes()[0]]})


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture(autouse=True)
def room_for_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot_mapping, "KEPT_BYTES", 4 * SIZE)


def file(folder: Path, name: str, first: int = 1) -> Path:
    path = folder / name
    path.write_bytes(bytes([first]) + bytes(SIZE - 1))
    return path


def first(table: pa.Table) -> int:
    value: int = table["first"].to_pylist()[0]
    return value


def test_a_file_is_mapped_once(tmp_path: Path, reader: Reader) -> None:
    mappings, path = Mappings(), file(tmp_path, "a")
    assert mappings.table(path, reader, 1) is mappings.table(path, reader, 1)
    assert reader.asked == ["a"]


def test_a_replaced_file_is_mapped_anew(tmp_path: Path, reader: Reader) -> None:
    mappings, path = Mappings(), file(tmp_path, "a")
    mappings.table(path, reader, 1)
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    other = file(tmp_path, "b", first=2)
    os.utime(other, ns=times)
    other.replace(path)  # of the same size and time: another inode
    assert first(mappings.table(path, reader, 1)) == 2
    file(tmp_path, "a", first=3)
    os.utime(path, ns=(0, 0))
    assert first(mappings.table(path, reader, 1)) == 3
    assert reader.asked == ["a", "a", "a"]


def test_what_was_read_of_them_is_bounded(tmp_path: Path, reader: Reader) -> None:
    mappings = Mappings()
    paths = [file(tmp_path, name) for name in "abcde"]
    for path in paths[:4]:
        mappings.table(path, reader, SIZE)
    assert mappings.size == 4 * SIZE
    mappings.table(paths[0], reader, SIZE)  # once more is no more: the file has no more bytes
    assert mappings.size == 4 * SIZE
    mappings.table(paths[4], reader, SIZE)
    assert mappings.size == 4 * SIZE
    reader.asked.clear()
    for path in (paths[0], paths[2], paths[3], paths[4], paths[1]):
        mappings.table(path, reader, SIZE)
    assert reader.asked == ["b"], "the one that was not used for longest goes"


def test_many_files_stay_of_which_little_is_read(tmp_path: Path, reader: Reader) -> None:
    mappings = Mappings()
    paths = [file(tmp_path, f"{number}") for number in range(30)]
    for path in paths + paths[::-1][:20]:
        mappings.table(path, reader, 100)
    assert len(reader.asked) == 30
    assert mappings.size <= 4 * SIZE


def test_threads_that_share_them_count_the_same(tmp_path: Path, reader: Reader) -> None:
    paths = [file(tmp_path, f"{number}", number) for number in range(12)]
    rng = random.Random(5)
    mappings = Mappings()

    def look(number: int, wanted: int) -> bool:
        return first(mappings.table(paths[number], reader, wanted)) == number

    asked = [(rng.randrange(12), rng.randrange(SIZE)) for _ in range(500)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda each: look(*each), asked))
    assert 0 < mappings.size <= 4 * SIZE
    for path in paths:
        path.write_bytes(b"")
        mappings.table(path, lambda _: pa.table({}), 1)
    assert mappings.size == 0, "nothing of what was replaced or let go of is left over"


def test_a_file_that_is_too_large_is_not_kept(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hot_mapping, "KEPT_BYTES", SIZE - 1)
    mappings, path = Mappings(), file(tmp_path, "a")
    for _ in range(2):
        assert first(mappings.table(path, reader, SIZE)) == 1
        assert mappings.size == 0
    assert reader.asked == ["a", "a"]


def test_a_file_that_is_gone_is_the_reader_s_to_explain(tmp_path: Path, reader: Reader) -> None:
    mappings, path = Mappings(), file(tmp_path, "a")
    mappings.table(path, reader, 1)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        mappings.table(path, reader, 1)
    assert reader.asked == ["a", "a"]
