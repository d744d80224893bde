"""Tasks on workers that are replaced now and then, and that may die without taking us along."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from itertools import islice
from typing import Final, Generic, TypeVar

from tickloom.errors import PluginError
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


class Crew(Generic[T, R]):
    """Runs ``function`` over tasks on an executor's workers; results come as they are ready."""

    def __init__(
        self,
        spec: ExecutorSpec,
        workers: int,
        function: Callable[[T], R],
        split: Callable[[T], Sequence[T]] = lambda task: [task],
    ) -> None:
        """``split`` cuts a task into smaller ones, to find the one that kills its worker."""
        self._spec = spec
        self._workers = workers
        self._function = function
        self._split = split

    def run(self, tasks: Iterable[T]) -> Generator[tuple[T, R] | Crashed[T], None, None]:
        """The tasks with their results, in the order in which they are done; tasks are asked for
        when there is a worker for them. Closing the generator stops the workers."""
        waiting = _Queue(tasks)
        while waiting:
            suspects = yield from self._shift(waiting, self._workers)
            # Alone in a worker, each suspect shows whether it is the one.
            for task in [part for suspect in suspects for part in self._split(suspect)]:
                if (yield from self._shift(_Queue([task]), 1)):
                    yield Crashed(task)

    def _shift(self, waiting: _Queue[T], workers: int) -> Generator[tuple[T, R], None, list[T]]:
        """Work with one set of workers, for as long as it lasts; returns the tasks that were in
        work when a worker died."""
        executor = self._spec.create(workers)
        running: dict[Future[R], T] = {}
        left = TASKS_PER_WORKER * workers
        try:
            check_start(executor, self._spec)
            while running or (waiting and left):
                while waiting and left and len(running) < WAITING_PER_WORKER * workers:
                    left -= 1
                    task = waiting.take()
                    running[executor.submit(self._function, task)] = task
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    yield running.pop(future), result
        except BrokenExecutor:
            return list(running.values())
        finally:
            stop(executor)
        return []


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
