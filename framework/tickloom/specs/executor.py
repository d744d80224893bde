"""Executors: what packing and running spread over."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorSpec:
    """A factory of :class:`concurrent.futures.Executor`."""

    name: str
    """Name for ``--executor``."""

    summary: str
    """One line for ``plugins list``."""

    create: Callable[[int], Executor]
    """``create(workers)``: a running executor with that many workers."""

    shares_memory: bool
    """True where tasks run in this process: arguments and results are not pickled."""
