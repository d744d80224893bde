"""Few rows of many files are read by one call, to the same results."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.engine.run_stores import MONDAY, MONDAY_NIFTY, TUESDAY, build, uneven_frame

import tickloom
from tickloom.engine.columns import slices as schedule
from tickloom.engine.columns import together
from tickloom.engine.running import slice_run as engine_run
from tickloom.errors import StoreError
from tickloom.host import get_host
from tickloom.specs import WriterSpec

FRAMES = {key: uneven_frame(key, 31) for key in (MONDAY, MONDAY_NIFTY, TUESDAY)}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("together") / "store", FRAMES, row_group_rows=50)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The files of each call of the writer's ``scan_files``."""
    spec = get_host().writers.get("parquet")
    calls: list[list[str]] = []

    def scan_files(files: Any, columns: Any) -> Iterator[list[pa.Table]]:
        calls.append([path.parent.name for path, _ in files])
        assert spec.scan_files is not None
        return spec.scan_files(files, columns)

    recording = replace(spec, scan_files=scan_files)
    monkeypatch.setattr(together, "format_of", lambda path: recording)
    return calls


def run(store: Path, **options: Any) -> tickloom.RunResult:
    return tickloom.run("ema-cross", store, params={"max_spread": 0.05}, log=True, **options)


def apart(monkeypatch: pytest.MonkeyPatch, store: Path, **options: Any) -> tickloom.RunResult:
    """The same with each slice read by itself."""
    with monkeypatch.context() as patch:
        patch.setattr(engine_run, "read_together", lambda slices, names: None)
        return run(store, **options)


@pytest.mark.parametrize("filters", [{}, {"right": "CE"}, {"strikes": (100, 100)}], ids=str)
def test_the_files_are_read_by_one_call(
    built: Path, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch, filters: dict[str, Any]
) -> None:
    wanted = apart(monkeypatch, built, **filters)
    assert asked == []
    result = run(built, **filters)
    assert [sorted(files) for files in asked] == [["BANKNIFTY", "BANKNIFTY", "NIFTY"]]
    assert result.trades > 0
    assert result.table.equals(wanted.table)
    assert result.trade_log is not None
    assert wanted.trade_log is not None
    assert result.trade_log.equals(wanted.trade_log)
    assert result.rows_read == wanted.rows_read


def test_many_rows_are_not(
    built: Path, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "SMALLEST_SLICE", 1)
    run(built)
    assert asked == []


def test_gaps_that_add_up_are_not(
    built: Path, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "SLICE_ROWS", 10)
    run(built)
    assert asked == []


def test_hot_files_are_left_out(
    tmp_path: Path, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = build(tmp_path / "store", FRAMES)
    wanted = apart(monkeypatch, store, hot=False)
    run(store, underlyings="NIFTY", hot=True)
    asked.clear()
    mixed = tickloom.run("ema-cross", store, params={"max_spread": 0.05})
    assert mixed.hot_partitions == 1
    assert mixed.table.equals(wanted.table)
    assert asked == [["BANKNIFTY", "BANKNIFTY"]]


def test_a_format_without_it_is_read_file_by_file(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec: WriterSpec = replace(get_host().writers.get("parquet"), scan_files=None)
    monkeypatch.setattr(together, "format_of", lambda path: spec)
    assert run(built).table.equals(apart(monkeypatch, built).table)


def test_a_damaged_file_is_named(tmp_path: Path, asked: list[list[str]]) -> None:
    store = build(tmp_path / "store", FRAMES)
    path = store / TUESDAY.file()
    times = path.stat()
    data = bytearray(path.read_bytes())
    data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(StoreError, match=rf"{TUESDAY.date}.* cannot be decoded"):
        run(store)
    assert len(asked) == 1
