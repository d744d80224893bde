"""Executors that take no task, drop it, give something else, or never answer."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from tickloom import ExecutorSpec
from tickloom.errors import PluginError, PluginWarning, UsageError
from tickloom.host import answers


class Strange(Executor):
    """Does what it is told instead of the task."""

    def __init__(self, submit: Callable[..., Any]) -> None:
        self._submit = submit

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return self._submit(fn, *args)


def future(setter: Callable[[Future[Any]], object]) -> Callable[..., Future[Any]]:
    def submit(*args: Any) -> Future[Any]:
        made: Future[Any] = Future()
        setter(made)
        return made

    return submit


def spec(made: Callable[[], Executor]) -> ExecutorSpec:
    return ExecutorSpec(name="odd", summary="s", create=lambda _: made(), shares_memory=True)


def refuse(*args: Any) -> Any:
    raise ValueError("not today")


STRANGE = {
    "failed to take a task: ValueError: not today": refuse,
    r"must return a concurrent.futures.Future from submit\(\); it returned a NoneType": (
        lambda *args: None
    ),
    "answered with a int; expected what the task returned": future(lambda f: f.set_result(3)),
    "dropped a task: its future is cancelled": future(
        lambda f: (f.cancel(), f.set_running_or_notify_cancel())
    ),
    "failed: KeyError: 'lost'": future(lambda f: f.set_exception(KeyError("lost"))),
}


@pytest.mark.parametrize("message", STRANGE)
def test_what_an_executor_makes_of_a_task_is_its_own_fault(message: str) -> None:
    pool = answers.start(spec(lambda: Strange(STRANGE[message])), 1)
    with pool, pytest.raises(PluginError, match=f"^executor 'odd' of a script {message}"):
        pool.submit(len, "abc").result(timeout=20)


@pytest.mark.parametrize("error", [KeyError("mine"), BrokenExecutor("died")])
def test_what_a_task_raises_is_passed_on(error: Exception) -> None:
    def fail() -> None:
        raise error

    with answers.start(spec(lambda: ThreadPoolExecutor(1)), 1) as pool:
        assert pool.submit(len, "abc").result(timeout=20) == 3
        assert pool.submit(fail).exception(timeout=20) is error


class Named:
    label = "NIFTY 2025-11-03"


def test_one_that_never_answers_is_told_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(answers, "LOOK_SECONDS", 0.05)
    told: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", PluginWarning)
        monkeypatch.setattr(warnings, "showwarning", lambda m, *args: told.append(str(m)))
        pool = answers.start(spec(lambda: Strange(future(lambda f: None))), 1, timeout=1.0)
        with pool:
            waiting = [pool.submit(len, Named()), pool.submit(len, Named())]  # type: ignore[arg-type]
            for each in waiting:
                with pytest.raises(answers.NoAnswerError, match="no result for 1 s; it works on N"):
                    each.result(timeout=30)
    (line,) = told
    assert line.startswith("executor 'odd' of a script has given no result for 0.")
    assert "it works on NIFTY 2025-11-03 and 1 more. Ctrl-C ends it" in line


def test_slow_but_steady_work_is_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time runs from one result to the next."""
    monkeypatch.setattr(answers, "LOOK_SECONDS", 0.02)
    pause = threading.Event()
    with answers.start(spec(lambda: ThreadPoolExecutor(1)), 1, timeout=2.0) as pool:
        waiting = [pool.submit(pause.wait, 0.4) for _ in range(8)]
        assert [each.result(timeout=30) for each in waiting] == [False] * 8


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_timeout_is_a_number_of_seconds(timeout: float) -> None:
    with pytest.raises(UsageError, match="timeout must be a number of seconds above 0"):
        answers.start(spec(lambda: ThreadPoolExecutor(1)), 1, timeout)
