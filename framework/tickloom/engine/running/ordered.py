"""Results of slices in the order of the slices, however the workers finish."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, Future
from itertools import islice
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from tickloom.engine.columns.slices import Slice, largest_first

R = TypeVar("R")


class OrderedResults(Generic[R]):
    """Submits slices ahead and hands on what became of them one by one."""

    def __init__(
        self,
        submit: Callable[[Slice], Future[R]],
        parts: Sequence[Slice],
        window: int | None,
        *,
        done: Callable[[Slice], None],
        deferred: tuple[type[Exception], ...],
    ) -> None:
        """``window``: slices that may be under way or wait to be handed on; None: all of them, the
        largest first, so that no worker ends long after the others. ``done`` is told each slice
        that is through. Errors that are ``deferred`` are raised where their slice's turn comes,
        others at once."""
        self._submit = submit
        self._parts = parts
        self._window = len(parts) if window is None else window
        self._waiting = iter(largest_first(parts) if window is None else parts)
        self._done = done
        self._deferred = deferred
        self._finished: SimpleQueue[Future[R]] = SimpleQueue()
        self._under_way: dict[Future[R], Slice] = {}
        self._results: dict[int, Future[R]] = {}

    def __iter__(self) -> Generator[Future[R], None, None]:
        """The slices' futures, all of them done. What was not begun when this ends is cancelled."""
        try:
            for part in self._parts:
                while id(part) not in self._results:
                    self._submit_ahead()
                    self._take_one()
                yield self._results.pop(id(part))
        finally:
            for future in self._under_way:
                future.cancel()

    def _submit_ahead(self) -> None:
        room = self._window - len(self._under_way) - len(self._results)
        for part in islice(self._waiting, max(room, 0)):
            future = self._submit(part)
            self._under_way[future] = part
            future.add_done_callback(self._finished.put)

    def _take_one(self) -> None:
        future = self._finished.get()
        part = self._under_way.pop(future)
        if not isinstance(future.exception(), self._deferred):
            future.result()
            self._done(part)
        self._results[id(part)] = future


class AtOnce(Executor):
    """Does in the caller's thread what is submitted, before ``submit`` returns."""

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """The future is done."""
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
