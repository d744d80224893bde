"""Workers are replaced after their share of tasks, and no task is lost over it."""

from __future__ import annotations

import os
from collections import Counter

import psutil  # type: ignore[import-untyped]
import pytest

from tickloom.host import get_host
from tickloom.packing.workers import crew
from tickloom.packing.workers.crew import Crew

TASKS = 3


def worker_of(_task: int) -> int:
    return os.getpid()


def test_a_worker_is_replaced_after_its_share_of_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "TASKS_PER_WORKER", 2)
    with Crew(get_host().executors.get("processes"), 1) as workers:
        done = []
        for item in workers.run(worker_of, range(TASKS)):
            assert isinstance(item, tuple)
            done.append(item)
            alive = [pid for _, pid in done if psutil.pid_exists(pid)]
            assert len(set(alive)) <= 1, "a worker that was replaced is still there"
    assert sorted(task for task, _ in done) == list(range(TASKS))
    assert sorted(Counter(pid for _, pid in done).values()) == [1, 2]
    assert not any(psutil.pid_exists(pid) for _, pid in done)
