"""Spawned processes: a forked one would deadlock in Polars, whose threads do not survive it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Final, ParamSpec, TypeVar

from tickloom import ExecutorSpec

P = ParamSpec("P")
T = TypeVar("T")

THREAD_LIMITS: Final = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS")
"""Variables that libraries read, when they are imported, for the size of their own pools."""


class ShieldedProcess(SpawnProcess):
    """Starts with SIGINT held back, until :func:`prepare` ignores it: Ctrl-C would end a process
    that still imports with a traceback."""

    def start(self) -> None:
        """Start it; its signal mask is that of the thread that does."""
        if sys.platform == "win32":
            super().start()
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _later() -> Iterator[None]:
    """SIGINT takes effect afterwards, whichever thread it reaches: its handler runs in the main
    one. A handler that is not Python's stays as it is."""
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is None:
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


class ShieldedContext(SpawnContext):
    """The context of :class:`ShieldedProcess`."""

    Process = ShieldedProcess


class ShieldedPool(ProcessPoolExecutor):
    """Is not interrupted while it takes a task, which may start a process: one that was not told
    what to do would end with an EOFError, one that the pool does not know of yet would wait for
    work for ever, and its parent for it."""

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As of any pool."""
        with _later():
            return super().submit(function, *args, **kwargs)


def create(workers: int) -> Executor:
    """A pool of ``workers`` spawned processes, which share out the machine's cores."""
    threads = max(1, (os.cpu_count() or 1) // workers)
    return ShieldedPool(
        workers,
        mp_context=ShieldedContext(),
        initializer=prepare,
        initargs=(threads,),
    )


def prepare(threads: int) -> None:
    """Run first in each worker: one worker's libraries leave the other workers their cores."""
    for name in THREAD_LIMITS:
        os.environ.setdefault(name, str(threads))
    # Ctrl-C reaches the whole process group; the parent decides when work ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()


def _end_with_parent() -> None:
    """A pool whose parent is killed would wait for work forever: each worker holds the queue's
    other end open itself."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


processes: Final = ExecutorSpec(
    name="processes",
    summary="Spawned processes; a crashing reader takes one of them down, not the packer.",
    create=create,
    shares_memory=False,
)
