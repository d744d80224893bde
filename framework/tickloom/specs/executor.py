"""Executors: what packing and running spread over."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from tickloom.errors import PluginError


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

    def start(self, workers: int) -> Executor:
        """A running executor; raises :class:`PluginError` where ``create`` does not make one."""
        try:
            made = self.create(workers)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: a plugin does not end the host
            raise PluginError(
                f"executor {self.name!r} failed to start {workers} workers: "
                f"{type(error).__name__}: {error}. Say another --executor, or upgrade the plugin"
            ) from error
        if not isinstance(made, Executor):
            raise PluginError(
                f"executor {self.name!r} must make a concurrent.futures.Executor; "
                f"it made a {type(made).__name__}"
            )
        return made
