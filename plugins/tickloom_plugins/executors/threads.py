"""Threads: Polars, PyArrow and compiled kernels release the interpreter lock."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Final

from tickloom import ExecutorSpec


def create(workers: int) -> Executor:
    """A pool of ``workers`` threads."""
    return ThreadPoolExecutor(workers, thread_name_prefix="tickloom")


threads: Final = ExecutorSpec(
    name="threads",
    summary="Threads of this process; shares memory, does not survive a crashing reader.",
    create=create,
    shares_memory=True,
)
