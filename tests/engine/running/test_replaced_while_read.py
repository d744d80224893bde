"""A run over a store that is being packed sees each partition in one state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from tests.engine.run_stores import MONDAY, TUESDAY, build, uneven_frame
from tests.store.store_data import index_of, write_file

import tickloom
from tickloom.engine.columns import scan
from tickloom.errors import StoreError
from tickloom.specs import WriterSpec
from tickloom.store.partitions.formats import format_of
from tickloom.store.writer import StoreWriter

FRAMES = {MONDAY: uneven_frame(MONDAY, 41), TUESDAY: uneven_frame(TUESDAY, 42)}
LONGER = uneven_frame(MONDAY, 43)
PARAMS = {"max_spread": 0.05}


def put(store: Path, frame: pl.DataFrame) -> None:
    with StoreWriter.open(store) as writer:
        staged = writer.stage(MONDAY)
        write_file(staged, frame)
        writer.commit(MONDAY, staged, index_of(frame, MONDAY))


class Packer:
    """Replaces Monday just before it is read, as often as it has frames."""

    def __init__(self, store: Path, frames: list[pl.DataFrame]) -> None:
        self.store = store
        self.frames = frames
        self.spec = format_of(Path("x.parquet"))

    def scan(
        self, path: Path, columns: Sequence[str], ranges: Sequence[tuple[int, int]]
    ) -> Iterator[pa.Table]:
        self.pack(path)
        return self.spec.scan(path, columns, ranges)

    def pack(self, path: Path) -> None:
        if str(MONDAY.date) in str(path) and self.frames:
            put(self.store, self.frames.pop(0))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return build(tmp_path / "store", FRAMES)


def pack_meanwhile(
    monkeypatch: pytest.MonkeyPatch, store: Path, frames: list[pl.DataFrame]
) -> Packer:
    packer = Packer(store, frames)
    fields: dict[str, Any] = {name: getattr(packer.spec, name) for name in WriterSpec.__slots__}
    spec = WriterSpec(**(fields | {"scan": packer.scan}))
    monkeypatch.setattr(scan, "format_of", lambda path: spec)
    return packer


@pytest.mark.parametrize("times", [1, 2])
def test_a_run_reads_the_replaced_partition_again(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    frames = [FRAMES[MONDAY].head(FRAMES[MONDAY].height - 1), LONGER][-times:]
    packer = pack_meanwhile(monkeypatch, store, list(frames))
    result = tickloom.run("ema-cross", store, params=PARAMS, workers=1)
    assert packer.frames == []
    after = build(tmp_path / "after", {MONDAY: LONGER, TUESDAY: FRAMES[TUESDAY]})
    assert result.table.equals(tickloom.run("ema-cross", after, params=PARAMS).table)


def test_a_sweep_reads_the_replaced_partition_again(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packer = pack_meanwhile(monkeypatch, store, [LONGER])
    result = tickloom.sweep("ema-cross", store, grid={"fast": "2:4"}, params=PARAMS, workers=1)
    assert packer.frames == []
    after = build(tmp_path / "after", {MONDAY: LONGER, TUESDAY: FRAMES[TUESDAY]})
    again = tickloom.sweep("ema-cross", after, grid={"fast": "2:4"}, params=PARAMS)
    assert result.table.equals(again.table)


def test_a_partition_that_never_stays_is_an_error(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack_meanwhile(monkeypatch, store, [LONGER, FRAMES[MONDAY]] * 8)
    with pytest.raises(StoreError, match="run again when the packing is done"):
        tickloom.run("ema-cross", store, params=PARAMS, workers=1)
