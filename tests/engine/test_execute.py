"""How many threads or processes work at the slices of a run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

import tickloom.engine.run as engine_run


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
        SimpleNamespace(partition=0, first=i, total=1, hot=object() if hot else None)
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
    assert done == [1] * 9
