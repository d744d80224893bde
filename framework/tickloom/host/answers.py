"""What an executor answers, held against what it was asked: it is a plugin like any other."""

from __future__ import annotations

import contextlib
import math
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from tickloom.errors import PluginError, PluginWarning, TickloomError, UsageError
from tickloom.host.host import get_host
from tickloom.specs import ExecutorSpec

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS: Final = 60.0
"""After so long without a result a user is told what is waited for."""

LOOK_SECONDS: Final = 0.25
"""How often it is looked whether there was a result."""


class NoAnswerError(PluginError):
    """An executor gave no result for as long as the user would wait."""


def start(spec: ExecutorSpec, workers: int, timeout: float | None = None) -> Executor:
    """The workers of ``spec``. Each future gives what its task gave, or raises what it raised;
    whatever else the executor does is a :class:`PluginError` that names it.

    ``timeout``: seconds without any result after which all that is waited for raises
    :class:`NoAnswerError`; None: for ever. Raises :class:`UsageError` where it is no such number.
    """
    if timeout is not None and not (timeout > 0 and math.isfinite(timeout)):
        raise UsageError(f"timeout must be a number of seconds above 0, like 600; found {timeout}")
    owner = next((str(o.plugin) for o in get_host().executors if o.spec == spec), "a script")
    name = f"executor {spec.name!r} of {owner}"
    return Answers(spec.start(workers), name, timeout)


@dataclass(frozen=True, slots=True)
class _Given:
    """What a task gave: a value of another kind comes from the executor itself."""

    value: Any
    """The task's result."""


class _Answer(Future[T]):
    """A future that the executor has no hand on."""

    asked: Future[_Given] | None = None
    """The executor's own."""

    def cancel(self) -> bool:
        """Wait no longer; what is not begun need not be."""
        cancelled = super().cancel()
        if self.asked is not None:
            self.asked.cancel()
        return cancelled


class Answers(Executor):
    """An executor whose answers are checked."""

    def __init__(self, asked: Executor, name: str, timeout: float | None) -> None:
        self._asked = asked
        self._name = name
        self._timeout = timeout
        self._lock = threading.Lock()
        self._waiting: dict[_Answer[Any], str] = {}
        self._latest = time.monotonic()
        self._over = threading.Event()
        self._watching = False
        self._gave_up = False

    @property
    def _processes(self) -> Any:
        """A pool's processes, for who ends them."""
        return getattr(self._asked, "_processes", None)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As of any executor. The ``label`` of the first argument that has one tells the task."""
        try:
            asked = self._asked.submit(_give, fn, *args, **kwargs)
        except (BrokenExecutor, KeyboardInterrupt):
            raise
        except BaseException as error:  # SystemExit too: a plugin does not end the host
            raise self._failed(" to take a task", error) from error
        if not isinstance(asked, Future):
            raise PluginError(
                f"{self._name} must return a concurrent.futures.Future from submit(); it returned "
                f"a {type(asked).__name__}"
            )
        answer: _Answer[T] = _Answer()
        answer.asked = asked
        with self._lock:
            if not self._waiting:
                self._latest = time.monotonic()
            self._waiting[answer] = next((a.label for a in args if hasattr(a, "label")), "")
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="answers", daemon=True).start()
        asked.add_done_callback(partial(self._take, answer))
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As of any executor; one that does not answer is not waited for."""
        self._over.set()
        options: dict[str, Any] = {"wait": wait and not self._gave_up}
        if cancel_futures or self._gave_up:
            options["cancel_futures"] = True
        try:
            self._asked.shutdown(**options)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise self._failed(" to end", error) from error
        if self._gave_up:
            for process in (self._processes or {}).values():
                process.terminate()

    def _take(self, answer: _Answer[Any], asked: Future[Any]) -> None:
        """The executor says that a task is done."""
        with self._lock:
            self._waiting.pop(answer, None)
            self._latest = time.monotonic()
        if answer.done() or not answer.set_running_or_notify_cancel():
            return
        if asked.cancelled():
            answer.set_exception(
                PluginError(f"{self._name} dropped a task: its future is cancelled")
            )
            return
        error = asked.exception()
        if error is not None:
            answer.set_exception(error if _is_ours(error) else self._failed("", error))
            return
        given = asked.result()
        if isinstance(given, _Given):
            answer.set_result(given.value)
        else:
            answer.set_exception(
                PluginError(
                    f"{self._name} answered with a {type(given).__name__}; expected what the task "
                    "returned"
                )
            )

    def _failed(self, what: str, error: BaseException) -> PluginError:
        failed = PluginError(
            f"{self._name} failed{what}: {type(error).__name__}: {error}. Say another --executor, "
            "or upgrade the plugin"
        )
        failed.__cause__ = error
        return failed

    def _watch(self) -> None:
        told = 0.0
        while not self._over.wait(LOOK_SECONDS):
            with self._lock:
                waited = time.monotonic() - self._latest
                labels = list(self._waiting.values())
            if not labels:
                continue
            if self._timeout is not None and waited >= self._timeout:
                self._give_up(labels)
                return
            if waited >= PATIENCE_SECONDS and told != self._latest:
                told = self._latest
                warnings.warn(
                    f"{self._silence(waited, labels)}. Ctrl-C ends it, as --timeout SECONDS does "
                    "by itself",
                    PluginWarning,
                    stacklevel=1,
                )

    def _give_up(self, labels: list[str]) -> None:
        with self._lock:
            answers = list(self._waiting)
            self._waiting.clear()
            self._gave_up = True
        assert self._timeout is not None
        why = f"{self._silence(self._timeout, labels)}, which is all the time that it was given"
        for answer in answers:
            with contextlib.suppress(Exception):  # it was done or cancelled this very moment
                if answer.set_running_or_notify_cancel():
                    answer.set_exception(NoAnswerError(why))

    def _silence(self, waited: float, labels: list[str]) -> str:
        first = next(filter(None, labels), "its first task")
        more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        return f"{self._name} has given no result for {waited:.3g} s; it works on {first}{more}"


def _give(function: Callable[..., Any], /, *args: Any, **options: Any) -> _Given:
    """What a worker runs."""
    try:
        return _Given(function(*args, **options))
    except BaseException as error:
        with contextlib.suppress(Exception):
            error._of_task = True  # type: ignore[attr-defined]
        raise


def _is_ours(error: BaseException) -> bool:
    """Was it raised by the task, and not by the executor?"""
    known = isinstance(error, TickloomError | BrokenExecutor | OSError)
    return known or getattr(error, "_of_task", False)
