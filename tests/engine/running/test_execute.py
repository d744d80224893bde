"""How many threads or processes work at the slices of a run."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

import tickloom.engine.running.slice_run as engine_run
from tickloom.engine.columns.slices import SMALLEST_SLICE


@pytest.mark.parametrize(
    ("shares_memory", "hot", "started"),
    [(True, False, 3), (True, True, 2), (False, False, 2)],
    ids=["threads decode ahead", "nothing to decode", "processes"],
)
def test_one_thread_more_than_workers_where_slices_are_decoded(
    monkeypatch: pytest.MonkeyPatch, shares_memory: bool, hot: bool, started: int
) -> None:
    asked: list[int] = []

    def start(workers: int) -> ThreadPoolExecutor:
        asked.append(workers)
        return ThreadPoolExecutor(1)

    monkeypatch.setattr(engine_run, "run_slice", lambda job, part, *_: SimpleNamespace(part=part))
    monkeypatch.setattr(engine_run, "check_picklable", lambda job: None)
    executor = SimpleNamespace(shares_memory=shares_memory, start=start)
    parts = [
        SimpleNamespace(partition=0, first=i, total=SMALLEST_SLICE, hot=object() if hot else None)
        for i in range(9)
    ]
    done: list[int] = []
    engine_run.execute(
        SimpleNamespace(),  # type: ignore[arg-type]
        parts,  # type: ignore[arg-type]
        {},
        SimpleNamespace(executor=executor, workers=2),  # type: ignore[arg-type]
        done.append,
    )
    assert asked == [started]
    assert done == [SMALLEST_SLICE] * 9


@pytest.mark.parametrize(
    ("slices", "rows", "shares_memory", "at_once"),
    [
        (1, SMALLEST_SLICE, True, True),
        (1, SMALLEST_SLICE, False, False),
        (9, 1, True, True),
        (9, 1, False, False),
        (9, SMALLEST_SLICE // 8, True, False),
    ],
    ids=[
        "a lone slice",
        "a lone slice, but in a process",
        "few rows",
        "few rows, but in a process",
        "many rows",
    ],
)
def test_what_is_too_little_to_share_is_done_by_the_caller(
    monkeypatch: pytest.MonkeyPatch,
    slices: int,
    rows: int,
    shares_memory: bool,
    at_once: bool,
) -> None:
    doers: list[str] = []

    def run_slice(job: object, part: object, kernels: object = None) -> Any:
        doers.append(threading.current_thread().name)
        return SimpleNamespace(part=part)

    def start(workers: int) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(workers, thread_name_prefix="worker")

    monkeypatch.setattr(engine_run, "run_slice", run_slice)
    monkeypatch.setattr(engine_run, "check_picklable", lambda job: None)
    parts = [SimpleNamespace(partition=0, first=i, total=rows, hot=None) for i in range(slices)]
    done: list[int] = []
    results = engine_run.execute(
        SimpleNamespace(names=()),  # type: ignore[arg-type]
        parts,  # type: ignore[arg-type]
        {},
        SimpleNamespace(  # type: ignore[arg-type]
            executor=SimpleNamespace(shares_memory=shares_memory, start=start), workers=2
        ),
        done.append,
    )
    assert [result.part for result in results] == parts
    assert done == [rows] * slices
    assert {name.partition("_")[0] for name in doers} == {"MainThread" if at_once else "worker"}
