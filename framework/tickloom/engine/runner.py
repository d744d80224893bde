"""One run: plans partitions, compiles what they need, and executes their slices."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tickloom.engine import hot_build, hot_file
from tickloom.engine.collect import PartitionRun, gather
from tickloom.engine.compiled import CompiledKernel, Variant, load_kernel
from tickloom.engine.filters import Filters, no_contract
from tickloom.engine.loading import Announce
from tickloom.engine.plan import PlannedPartition, plan, slices
from tickloom.engine.request import Spread
from tickloom.engine.reread import settled
from tickloom.engine.run import Job, execute
from tickloom.store.api import Partition, Store

Progress = Callable[[int, int], None]
"""``progress(rows done, rows in all)``, called after each slice."""


@dataclass(slots=True, kw_only=True)
class Runner:
    """Everything that one run needs; ``seconds`` is not the run's own speed."""

    store: Store
    """What is read."""

    filters: Filters
    """Which part of it."""

    job: Job
    """What is done to every slice."""

    spread: Spread
    """What it is spread over."""

    hot: bool | None
    """Use the hot tier: always (and build what is missing), never, or where it exists (None)."""

    progress: Progress | None
    """Told after each slice."""

    announce: Announce | None
    """Told what is compiled."""

    kernels: dict[Variant, CompiledKernel] = field(default_factory=dict)
    """The variants loaded so far."""

    building_s: float = 0.0
    """Seconds spent building hot files."""

    @property
    def compile_s(self) -> float:
        """Seconds spent compiling."""
        return sum(kernel.compile_seconds for kernel in self.kernels.values())

    def run(self) -> list[PartitionRun]:
        """The results of every selected partition, in store order.

        Raises :class:`UsageError` if no contract is selected.
        """
        chosen = self.filters.partitions(self.store.partitions())
        runs = settled(self.store, chosen, self._once)
        if not runs:
            present = [contract for part in chosen for contract in part.index().contracts]
            if present:
                raise no_contract(self.filters, present)
        return runs

    def _once(self, pending: Sequence[Partition]) -> list[PartitionRun]:
        if self.hot:
            self._build_missing(pending)
        find = self._find_hot if self.hot is not False else lambda *_: None
        planned = plan(pending, self.filters, self.job.names, self.spread.workers, find)
        for partition in planned:
            self._load(self.job.variant_for(partition.hot))
        results = execute(
            self.job,
            list(slices(planned, self.spread.workers)),
            self.kernels,
            self.spread,
            self._counter(planned),
        )
        return gather(planned, results)

    def _build_missing(self, pending: Sequence[Partition]) -> None:
        started = time.perf_counter()
        workers = self.spread.workers
        missing = hot_build.examine(
            self.store, pending, self.job.names, workers=workers, done=lambda rows: None
        )
        hot_build.build(self.store, missing, workers=workers, done=lambda rows: None)
        self.building_s += time.perf_counter() - started

    def _find_hot(self, partition: Partition, columns: Sequence[str]) -> hot_file.HotFile | None:
        return hot_file.find(self.store.path, partition, columns)

    def _load(self, variant: Variant) -> None:
        if variant not in self.kernels:
            self.kernels[variant] = load_kernel(self.job.spec, variant, announce=self.announce)

    def _counter(self, planned: Sequence[PlannedPartition]) -> Callable[[int], None]:
        total, through = sum(partition.rows for partition in planned), 0

        def done(rows: int) -> None:
            nonlocal through
            through += rows
            if self.progress is not None:
                self.progress(through, total)

        return done
