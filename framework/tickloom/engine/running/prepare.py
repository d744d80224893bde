"""What comes before the first row: hot files, the plan, and compiled kernels."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic

import numpy as np

from tickloom.engine.columns import hot_build, hot_file
from tickloom.engine.kernels.variant import Variant
from tickloom.engine.loading.plans import Announce
from tickloom.engine.request.filters import Filters, no_contract
from tickloom.engine.request.options import HotTier
from tickloom.engine.request.resolve import Request, Spread
from tickloom.engine.running.job import Compiled, G, Job
from tickloom.engine.running.plan import PlannedPartition, plan
from tickloom.host import get_host
from tickloom.store.api import Partition, Store


@dataclass(slots=True, kw_only=True)
class Preparer(Generic[G]):
    """Gets partitions ready to be run over, and keeps the seconds that are not the run's own."""

    store: Store
    """What is read."""

    filters: Filters
    """Which part of it."""

    job: Job[G]
    """What is done to every slice."""

    spread: Spread
    """What it is spread over."""

    hot: HotTier
    """Whether the hot tier is read."""

    announce: Announce | None = None
    """Told what is built before the run."""

    loaded: dict[Variant, Compiled] = field(default_factory=dict)
    """The variants that the planned partitions need."""

    preparing_s: float = 0.0
    """Seconds spent building hot files, and loading or compiling kernels."""

    @classmethod
    def of(cls, request: Request, job: Job[G]) -> Preparer[G]:
        """For ``job`` over what ``request`` selects."""
        return cls(
            store=request.store,
            filters=request.filters,
            job=job,
            spread=request.spread,
            hot=request.hot,
            announce=request.announce,
        )

    @property
    def compile_s(self) -> float:
        """Seconds spent compiling."""
        return sum(kernel.compile_seconds for kernel in self.loaded.values())

    def chosen(self) -> list[Partition]:
        """The partitions that the filters select.

        Raises :class:`UsageError` if there are none, or for days and underlyings that the cost
        model's tables do not have, before hours are spent on the others.
        """
        found = self.filters.partitions(self.store.partitions())
        if self.job.costs is not None:
            first = {part.key.underlying: part.key.date for part in reversed(found)}
            for underlying, day in first.items():
                self.job.costs.terms(underlying, day, np.zeros(0, np.int64))
        return found

    def prepare(self, pending: Sequence[Partition]) -> list[PlannedPartition]:
        """The partitions with their selected contracts; what they need is loaded."""
        if self.hot == "build":
            with self._timed():
                self._build_missing(pending)
        find = self._find_hot if self.hot != "never" else lambda *_: None
        planned = plan(pending, self.filters, self.job.names, self.spread.workers, find)
        for partition in planned:
            variant = self.job.variant_for(partition.hot)
            if variant not in self.loaded:
                with self._timed():
                    self.loaded[variant] = self.job.inner.load(
                        self.job.spec, variant, announce=self.announce
                    )
        return planned

    def require_contracts(self, chosen: Sequence[Partition]) -> None:
        """After nothing was selected: raise :class:`UsageError` if there are contracts at all."""
        present = [contract for part in chosen for contract in part.index().contracts]
        if present:
            raise no_contract(self.filters, present)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.preparing_s += time.perf_counter() - started

    def _build_missing(self, pending: Sequence[Partition]) -> None:
        workers = self.spread.workers
        missing = hot_build.examine(self.store, pending, self.job.names, workers=workers)
        if not missing.missing:
            return
        if self.announce:
            self.announce(
                f"building the hot tier of {len(missing.missing)} partitions: "
                f"{missing.size / 2**20:,.1f} MiB"
            )
        hot_build.build(self.store, missing, workers=workers)

    def _find_hot(self, partition: Partition, columns: Sequence[str]) -> hot_file.HotFile | None:
        return hot_file.find(self.store.path, partition, columns)


def stopwatch() -> Callable[[Preparer[Any]], float]:
    """Starts now; call it for the seconds since then, without what the preparer built or loaded.

    The libraries that decode and the plugins are imported before it starts: that is the start of a
    process, not the speed of a run.
    """
    get_host()
    importlib.import_module("polars")
    importlib.import_module("pyarrow.compute")
    started = time.perf_counter()
    return lambda preparer: time.perf_counter() - started - preparer.preparing_s
