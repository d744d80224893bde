"""The conformance kit for executors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from pathlib import Path

import pytest

from tickloom.specs import ExecutorSpec
from tickloom.testing import executor_tasks as tasks

PATIENCE = 60.0
"""Seconds after which a task counts as lost; a spawned worker starts in one or two."""


class ExecutorTests:
    """What the host expects of every executor. A subclass gives one fixture, ``executor``."""

    @pytest.fixture
    def executor(self) -> ExecutorSpec:
        """The executor under test."""
        raise NotImplementedError("give a fixture 'executor' that returns the ExecutorSpec")

    @pytest.fixture
    def pool(self, executor: ExecutorSpec) -> Iterator[Executor]:
        """Two workers."""
        with executor.create(2) as pool:
            yield pool

    def test_results_come_back(self, pool: Executor) -> None:
        futures = [pool.submit(tasks.square, value) for value in range(20)]
        assert [f.result(PATIENCE) for f in futures] == [value**2 for value in range(20)]
        assert list(pool.map(tasks.square, range(5), timeout=PATIENCE)) == [0, 1, 4, 9, 16]

    def test_an_exception_reaches_the_caller(self, pool: Executor) -> None:
        failing = pool.submit(tasks.fail, "expected 3 rows, found 2")
        following = pool.submit(tasks.square, 3)
        error = failing.exception(PATIENCE)
        assert isinstance(error, tasks.TaskError), (
            f"the task raised TaskError; the future must hold it, found {error!r}"
        )
        assert str(error) == "expected 3 rows, found 2"
        assert following.result(PATIENCE) == 9, "a failed task must not disturb the next one"

    def test_a_task_that_exits_is_a_failed_task(self, pool: Executor) -> None:
        error = pool.submit(tasks.leave).exception(PATIENCE)
        assert isinstance(error, SystemExit | BrokenExecutor), (
            f"the task called sys.exit(); the future must say so, found {error!r}"
        )

    def test_tasks_run_at_one_time(self, pool: Executor, tmp_path: Path) -> None:
        names = ("one", "two")
        futures = [pool.submit(tasks.meet, tmp_path, name, 1, PATIENCE / 2) for name in names]
        assert all(f.result(PATIENCE) for f in futures), (
            "create(2) must run two tasks at one time; the second waited for the first"
        )

    def test_leaving_the_block_finishes_the_work(self, executor: ExecutorSpec) -> None:
        with executor.create(1) as pool:
            futures = [pool.submit(tasks.square, value) for value in range(5)]
        assert [f.done() for f in futures] == [True] * 5
        with pytest.raises(RuntimeError):
            pool.submit(tasks.square, 1)

    def test_it_tells_the_truth_about_memory(self, executor: ExecutorSpec) -> None:
        tasks.TRACE.append("parent")
        try:
            with executor.create(1) as pool:
                pid, trace = pool.submit(tasks.worker).result(PATIENCE)
        finally:
            tasks.TRACE.clear()
        if executor.shares_memory:
            assert pid == os.getpid(), "shares_memory is True, but tasks run in another process"
        else:
            assert pid != os.getpid(), "shares_memory is False, but tasks run in this process"
            assert not trace, (
                "workers are forked: Polars deadlocks in them; use the start method 'spawn'"
            )

    def test_a_result_that_cannot_travel_is_an_error(self, executor: ExecutorSpec) -> None:
        if executor.shares_memory:
            pytest.skip("nothing is pickled where memory is shared")
        with executor.create(1) as pool:
            assert pool.submit(tasks.unpicklable).exception(PATIENCE) is not None

    def test_a_worker_that_dies_is_an_error(self, executor: ExecutorSpec) -> None:
        if executor.shares_memory:
            pytest.skip("a crash ends this very process where memory is shared")
        with executor.create(1) as pool:
            error = pool.submit(tasks.die).exception(PATIENCE)
        assert error is not None, "the worker died; the future must hold an error"
