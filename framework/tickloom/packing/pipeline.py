"""The walk of a pack: claims, reading into bins, columns, assembly, commits, sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tickloom.errors import StoreError
from tickloom.host import get_host
from tickloom.packing.assembly import PartitionResult, PartitionTask, assemble
from tickloom.packing.budget import plan_budget
from tickloom.packing.claims import Claims, find_claims
from tickloom.packing.clocks import Clocks
from tickloom.packing.columns import settle_columns
from tickloom.packing.crew import Crashed, Crew
from tickloom.packing.identity import look_at
from tickloom.packing.plan import ReadPlan, deal, plan_reading, read_listings, reader_settings
from tickloom.packing.progress import Progress
from tickloom.packing.reading import ReadTask, UnitResult, read_units
from tickloom.packing.report import PackReport, Quarantined
from tickloom.packing.runs import NumberedBin
from tickloom.packing.source_log import SourceLog
from tickloom.schema import Column
from tickloom.specs import SourceOptions
from tickloom.store.api import open_store
from tickloom.store.layout import PartitionKey
from tickloom.store.writer import StoreWriter

WRITER: Final = "parquet"
"""Format of new partitions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the caller of a pack asked for; see :func:`tickloom.packing.api.pack`."""

    sources: tuple[Path, ...]
    store: Path
    reader: str | None
    mapping: Path | None
    calendar: Path | None
    memory: int | None
    workers: int | None
    executor: str
    replace: bool
    rehash: bool
    add_columns: bool
    wait: float


class Packing:
    """One pack."""

    def __init__(self, request: Request, progress: Progress) -> None:
        self._request = request
        self._progress = progress
        self._report = PackReport()
        self._host = get_host()
        self._executor = self._host.executors.get(request.executor)
        self._budget = plan_budget(
            request.memory, request.workers, shares_memory=self._executor.shares_memory
        )
        self._options = SourceOptions(
            mapping=request.mapping,
            batch_rows=self._budget.batch_rows,
            batch_bytes=self._budget.batch_bytes,
        )

    def run(self) -> PackReport:
        """Do it."""
        request = self._request
        claims = find_claims(
            request.sources, self._host.readers, request.reader, self._options, request.store
        )
        specs = {claim.reader: claim.spec for claim in claims.claims}
        settings = reader_settings(self._host, specs, request.calendar, request.mapping)
        with StoreWriter.open(request.store, create=True, wait=request.wait) as store:
            plan = plan_reading(
                claims.claims, store.manifest.sources, settings, rehash=request.rehash
            )
            self._count(claims, plan)
            store.record_sources(plan.touched)
            if plan.sources or request.add_columns:
                self._pack(store, plan)
        return self._report

    def _count(self, claims: Claims, plan: ReadPlan) -> None:
        report = self._report
        report.files = len({path for claim in claims.claims for path in claim.unit.paths})
        report.files_ignored = claims.ignored
        report.sources_skipped = plan.skipped
        report.bytes_in = sum(source.size for source in plan.sources)

    def _pack(self, store: StoreWriter, plan: ReadPlan) -> None:
        results = self._read(store, plan)
        extra = self._fix_columns(store, results)
        clocks = self._fix_clocks(store, plan, results)
        self._count_rows(results.values())
        log = SourceLog(store, plan.sources, results)
        log.record_empty()
        bins = _by_partition(results.values())
        for key, result in self._assemble(store, bins, extra, clocks):
            self._count_partition(result)
            log.committed(key)

    def _read(self, store: StoreWriter, plan: ReadPlan) -> dict[int, UnitResult]:
        """Read all units into bins; results by unit number."""
        workers = self._budget.workers
        readings = read_listings(plan.sources, self._request.calendar)
        tasks = [
            ReadTask(
                units, self._options, self._request.calendar, store.staging / f"bins-{i}", True
            )
            for i, units in enumerate(deal(plan.sources, readings, workers))
        ]
        self._progress.start("reading", len(plan.sources))
        crew = Crew(self._executor, workers, read_units, _one_by_one)
        results: dict[int, UnitResult] = {}
        with closing(crew.run(tasks)) as done:
            for item in done:
                found = _crashed(item.task) if isinstance(item, Crashed) else item[1]
                results |= {result.number: result for result in found}
                self._progress.advance(len(found))
        return results

    def _fix_columns(
        self, store: StoreWriter, results: dict[int, UnitResult]
    ) -> tuple[Column, ...]:
        """The store's columns beyond the 58; units that do not fit them are rejected whole."""
        fixed = store.manifest.columns
        extra, misfits = settle_columns(fixed, results.values(), may_add=self._request.add_columns)
        for number, reason in misfits.items():
            results[number].reject_whole(reason)
        if extra != fixed:
            store.set_columns(extra)
        return extra

    def _fix_clocks(
        self, store: StoreWriter, plan: ReadPlan, results: dict[int, UnitResult]
    ) -> Clocks:
        clocks = Clocks(store.manifest.settings)
        for source in plan.sources:
            for underlying in sorted({b.key.underlying for b in results[source.number].bins}):
                clocks.add(underlying, source.claim.spec)
        settings = store.manifest.settings | clocks.settings()
        if settings != store.manifest.settings:
            store.set_settings(settings)
        plugins = self._host.loaded_versions()
        if plugins != store.manifest.plugins:
            store.set_plugins(plugins)
        return clocks

    def _assemble(
        self,
        store: StoreWriter,
        bins: dict[PartitionKey, list[NumberedBin]],
        extra: tuple[Column, ...],
        clocks: Clocks,
    ) -> Iterator[tuple[PartitionKey, PartitionResult]]:
        """Assemble and commit the partitions that have new rows, the largest first."""
        current = open_store(store.path)
        keys = set(bins)
        if self._request.add_columns:
            keys |= set(store.manifest.partitions)
        order = sorted(keys, key=lambda key: (-_rows(bins.get(key, ())), key))

        def tasks() -> Iterator[PartitionTask]:
            for key in order:
                stored = None
                if key in store.manifest.partitions:
                    partition = current.partition(key)
                    stored = partition.file(), partition.index()
                yield PartitionTask(
                    key=key,
                    bins=tuple(bins.get(key, ())),
                    stored=stored,
                    clock=clocks.get(key.underlying),
                    calendar_file=self._request.calendar,
                    extra=extra,
                    writer=WRITER,
                    target=store.stage(key, self._host.writers.get(WRITER).suffix),
                    batch_rows=self._budget.batch_rows,
                )

        self._progress.start("packing", len(order))
        crew = Crew(self._executor, self._budget.workers, assemble)
        with closing(crew.run(tasks())) as done:
            for item in done:
                if isinstance(item, Crashed):
                    raise StoreError(
                        f"assembling {item.task.key} crashed its worker, most likely for want of "
                        "memory; pack with fewer --workers"
                    )
                task, result = item
                entry = store.commit(task.key, task.target, result.index)
                self._report.bytes_out += entry.size
                self._progress.advance(1)
                yield task.key, result

    def _count_rows(self, results: Iterable[UnitResult]) -> None:
        report = self._report
        for result in sorted(results, key=lambda result: result.number):
            report.rows_read += result.rows
            report.crossed_quotes += result.crossed
            for part in result.rejected:
                report.rows_quarantined += part.rows
                report.quarantined.append(Quarantined(part.path, part.reason, part.rows))

    def _count_partition(self, result: PartitionResult) -> None:
        report = self._report
        report.partitions += 1
        net = result.index.rows - result.rows_stored
        report.rows_written += net
        report.rows_duplicate += result.rows_new - net
        report.volume_resets += result.resets


def _by_partition(results: Iterable[UnitResult]) -> dict[PartitionKey, list[NumberedBin]]:
    bins: dict[PartitionKey, list[NumberedBin]] = defaultdict(list)
    for result in sorted(results, key=lambda result: result.number):
        for found in result.bins:
            bins[found.key].append(NumberedBin(result.number, found))
    return bins


def _rows(bins: Iterable[NumberedBin]) -> int:
    return sum(numbered.bin.rows for numbered in bins)


def _one_by_one(task: ReadTask) -> list[ReadTask]:
    """The units of ``task``, each in a task of its own with its own file of bins."""
    return [
        task._replace(units=(unit,), bins=task.bins.with_name(f"{task.bins.name}-{unit.number}"))
        for unit in task.units
    ]


def _crashed(task: ReadTask) -> list[UnitResult]:
    """The results of units whose reading takes the worker process down."""
    results = []
    for unit in task.units:
        result = UnitResult(unit.number, unit.unit.paths[0])
        with suppress(OSError):
            result.files = look_at(unit.unit)
        reason = (
            f"reader {unit.reader} crashed its process on it: the file is damaged, or needs more "
            "memory than there is. Fetch it again, or read it with less --workers"
        )
        result.reject_whole(reason)
        results.append(result)
    return results
