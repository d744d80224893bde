"""A file is replaced whole or not at all, whoever else replaces it."""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tickloom.files import SYSTEM, file_sha256


@pytest.mark.parametrize("durable", [True, False])
def test_the_new_file_takes_the_place_of_the_old_one(tmp_path: Path, durable: bool) -> None:
    target = tmp_path / "notes.json"
    for text in ("first", "second"):
        with SYSTEM.replacing(target, durable=durable) as fresh:
            fresh.write_text(text)
            assert not target.exists() or target.read_text() != text
        assert target.read_text() == text
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), ValueError("no")])
def test_an_error_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    target = tmp_path / "notes.json"
    target.write_text("old")

    def fail() -> None:
        with SYSTEM.replacing(target) as fresh:
            fresh.write_text("half of the n")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_threads_that_replace_one_file_do_not_mix(tmp_path: Path) -> None:
    target = tmp_path / "notes"
    texts = [letter * 50_000 for letter in "abcdefgh"]

    def replace(text: str) -> None:
        for _ in range(20):
            with SYSTEM.replacing(target) as fresh:
                fresh.write_text(text)
            assert target.read_text() in texts

    with ThreadPoolExecutor(len(texts)) as pool:
        list(pool.map(replace, texts))
    assert list(tmp_path.iterdir()) == [target]


def test_the_digest_is_of_all_bytes(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    data = random.Random(seed).randbytes(3_000_001)
    (tmp_path / "data").write_bytes(data)
    assert file_sha256(tmp_path / "data") == hashlib.sha256(data).hexdigest()
