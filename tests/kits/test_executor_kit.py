"""The executor kit catches planted faults, each for the right reason."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tickloom import ExecutorSpec
from tickloom.testing import ExecutorTests, executors

KIT = ExecutorTests()


def spec(create: Callable[[int], Executor], shares_memory: bool = True) -> ExecutorSpec:
    return ExecutorSpec(name="x", summary="s", create=create, shares_memory=shares_memory)


class LosesExceptions(ThreadPoolExecutor):
    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        def quiet() -> Any:
            try:
                return fn(*args, **kwargs)
            except BaseException:
                return None

        return super().submit(quiet)


class WrapsExceptions(ThreadPoolExecutor):
    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        def wrapped() -> Any:
            try:
                return fn(*args, **kwargs)
            except Exception as error:
                raise RuntimeError("task failed") from error

        return super().submit(wrapped)


class RunsOneAtATime(ThreadPoolExecutor):
    def __init__(self, workers: int) -> None:
        super().__init__(1)


def forking(workers: int) -> Executor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork"))


def test_a_lost_exception() -> None:
    with LosesExceptions(2) as pool:
        with pytest.raises(AssertionError, match="the future must hold it, found None"):
            KIT.test_an_exception_reaches_the_caller(pool)
        with pytest.raises(AssertionError, match=r"called sys.exit\(\); .* found None"):
            KIT.test_a_task_that_exits_is_a_failed_task(pool)


def test_an_exception_that_became_another() -> None:
    with (
        WrapsExceptions(2) as pool,
        pytest.raises(AssertionError, match="found RuntimeError"),
    ):
        KIT.test_an_exception_reaches_the_caller(pool)


def test_fewer_workers_than_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "PATIENCE", 0.4)
    with (
        RunsOneAtATime(2) as pool,
        pytest.raises(AssertionError, match="must run two tasks at one time"),
    ):
        KIT.test_tasks_run_at_one_time(pool, tmp_path)


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_forked_workers() -> None:
    with pytest.raises(AssertionError, match="use the start method 'spawn'"):
        KIT.test_it_tells_the_truth_about_memory(spec(forking, shares_memory=False))


def test_a_lie_about_memory() -> None:
    with pytest.raises(AssertionError, match="shares_memory is False, but tasks run in this"):
        KIT.test_it_tells_the_truth_about_memory(spec(ThreadPoolExecutor, shares_memory=False))
