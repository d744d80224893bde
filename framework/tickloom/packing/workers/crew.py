"""Tasks on workers that are replaced now and then, and that may die without taking us along."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from itertools import islice
from typing import Final, Generic, TypeVar

from tickloom.errors import PluginError
from tickloom.host.answers import start
from tickloom.specs import ExecutorSpec

T = TypeVar("T")
R = TypeVar("R")

WAITING_PER_WORKER: Final = 2
"""Tasks handed out per worker: one to work on, one to go on with. A crash loses no more."""

TASKS_PER_WORKER: Final = 200
"""After so many tasks a worker is replaced: what readers and allocators leak stays bounded."""


class Crashed(Generic[T]):
    """The result of a task that takes its worker down whenever it is tried."""

    def __init__(self, task: T) -> None:
        self.task: Final = task
        """The task."""


class Crew:
    """Workers of one pack; a context manager. Starting them costs half a second each, so they
    stay from one phase to the next, until they are worn out or one of them dies."""

    def __init__(self, spec: ExecutorSpec, workers: int, timeout: float | None = None) -> None:
        """``timeout``: seconds without any result after which it ends; None: it waits for ever."""
        self._spec = spec
        self._workers = workers
        self._timeout = timeout
        self._executor: Executor | None = None
        self._left = 0

    def run(
        self,
        function: Callable[[T], R],
        tasks: Iterable[T],
        split: Callable[[T], Sequence[T]] = lambda task: [task],
    ) -> Generator[tuple[T, R] | Crashed[T], None, None]:
        """Run ``function`` over the tasks: each with its result, in the order in which they are
        done. Tasks are asked for when there is a worker for them; ``split`` cuts a task into
        smaller ones, to find the one that kills its worker."""
        waiting = _Queue(tasks)
        while waiting:
            suspects = yield from self._shift(function, waiting, self._workers)
            # Alone in a worker, each suspect shows whether it is the one.
            for task in [part for suspect in suspects for part in split(suspect)]:
                if (yield from self._shift(function, _Queue([task]), 1)):
                    yield Crashed(task)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def _shift(
        self, function: Callable[[T], R], waiting: _Queue[T], workers: int
    ) -> Generator[tuple[T, R], None, list[T]]:
        """Work for as long as the present workers last; returns the tasks that were in work when
        one of them died."""
        if self._executor is None:
            self._start()
        executor = self._executor
        assert executor is not None
        running: dict[Future[R], T] = {}
        try:
            while running or (waiting and self._left > 0):
                while waiting and self._left > 0 and len(running) < WAITING_PER_WORKER * workers:
                    self._left -= 1
                    task = waiting.take()
                    running[executor.submit(function, task)] = task
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    yield running.pop(future), result
        except BrokenExecutor:
            self._stop()
            return list(running.values())
        if self._left <= 0:
            self._stop()
        return []

    def _start(self) -> None:
        self._executor = start(self._spec, self._workers, self._timeout)
        self._left = TASKS_PER_WORKER * self._workers
        check_start(self._executor, self._spec)

    def _stop(self) -> None:
        if self._executor is not None:
            stop(self._executor)
            self._executor = None


class _Queue(Generic[T]):
    """Tasks that are made when they are taken; false when there are no more."""

    def __init__(self, tasks: Iterable[T]) -> None:
        self._tasks = iter(tasks)
        self._next = deque(islice(self._tasks, 1))

    def __bool__(self) -> bool:
        return bool(self._next)

    def take(self) -> T:
        """The next task."""
        task = self._next.popleft()
        self._next.extend(islice(self._tasks, 1))
        return task


def check_start(executor: Executor, spec: ExecutorSpec) -> None:
    """Raise :class:`PluginError` where workers do not even start."""
    try:
        executor.submit(_ready).result()
    except BrokenExecutor as error:
        raise PluginError(
            f"the workers of executor {spec.name!r} do not start. A script that calls tickloom has "
            "to do so below 'if __name__ == \"__main__\":', since each worker imports it; or use "
            "--executor threads"
        ) from error


def stop(executor: Executor) -> None:
    """End the workers without waiting for work that nobody wants any more."""
    processes = dict(getattr(executor, "_processes", None) or {})
    executor.shutdown(wait=not processes, cancel_futures=True)
    for process in processes.values():
        process.terminate()
    for process in processes.values():
        process.join()


def _ready() -> bool:
    return True
