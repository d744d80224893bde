"""The walk of a pack: claims, reading into bins, columns, assembly, commits, sources."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from tickloom.host import get_host
from tickloom.packing.bins.mixed import MixedBlock
from tickloom.packing.bins.space import BinSpace, BinUse, cache_room
from tickloom.packing.partitions.clocks import Clocks
from tickloom.packing.partitions.columns import fix_columns
from tickloom.packing.partitions.format import choose_writer
from tickloom.packing.partitions.series_columns import fix_series
from tickloom.packing.partitions.stage import AssemblyStage, by_partition
from tickloom.packing.reading.stage import ReadingStage
from tickloom.packing.report import PackReport, Quarantined
from tickloom.packing.sources.claims import Claims, find_claims
from tickloom.packing.sources.inputs import Inputs, inputs_of
from tickloom.packing.sources.log import SourceLog, forgotten
from tickloom.packing.sources.plan import (
    ReadPlan,
    Source,
    check_dialect,
    new_source,
    plan_reading,
    reader_settings,
)
from tickloom.packing.sources.rebuild import (
    SourceSearch,
    entries_below,
    other_contributors,
    partitions_to_rebuild,
    taken_out,
)
from tickloom.packing.sources.reread import find_rereads
from tickloom.packing.sources.stamps import coarser
from tickloom.packing.sources.units import UnitResult
from tickloom.packing.workers.budget import Budget
from tickloom.packing.workers.crew import Crew
from tickloom.paths import path_text
from tickloom.progress import Phases
from tickloom.specs import ExecutorSpec, ReaderSpec, SourceOptions
from tickloom.store.commits.manifest import SourceEntry, parse_key
from tickloom.store.layout import PartitionKey
from tickloom.store.writer import StoreWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the caller of a pack asked for; see :func:`tickloom.packing.api.pack`."""

    sources: tuple[Path, ...]
    store: Path
    reader: str | None
    writer: str | None
    mapping: Path | None
    calendar: Path | None
    dialect: str
    executor: ExecutorSpec
    budget: Budget
    replace: bool
    rehash: bool
    add_columns: bool
    timeout: float | None
    wait: float
    without: tuple[Path, ...] = ()


class Packing:
    """One pack."""

    def __init__(self, request: Request, progress: Phases) -> None:
        self._request = request
        self._progress = progress
        self._report = PackReport()
        self._host = get_host()
        if request.writer:
            self._host.writers.get(
                request.writer
            )  # an unknown one is refused before a store is made
        self._budget = request.budget
        self._inputs = Inputs(request.mapping, request.calendar, request.dialect)
        self._options = SourceOptions(
            mapping=request.mapping,
            batch_rows=self._budget.batch_rows,
            batch_bytes=self._budget.batch_bytes,
        )

    def run(self) -> PackReport:
        """Do it."""
        request = self._request
        if request.without:
            return self._take_out(request.without)
        claims = find_claims(
            request.sources, self._host.readers, request.reader, self._options, request.store
        )
        specs = {claim.reader: claim.spec for claim in claims.claims}
        settings = cache(partial(self._settings, specs))
        # What is wrong with a file or a dialect is said before a store is made.
        settings(request.dialect)
        check_dialect(specs.values(), request.dialect, request.calendar)
        with StoreWriter.open(request.store, create=True, wait=request.wait) as store:
            inputs = self._inputs.noted()
            plan = plan_reading(
                claims.claims, store.manifest.sources, settings, inputs, rehash=request.rehash
            )
            writer = choose_writer(store, request.writer)
            self._count(claims, plan)
            for path in self._inputs.files().values() if plan.sources else ():
                store.keep_input(path)
            known = store.manifest.sources
            store.record_sources([*plan.touched, *forgotten(known, plan.keys, request.sources)])
            if plan.sources or request.add_columns:
                self._pack(store, plan.sources, writer)
        return self._report

    def _take_out(self, paths: Sequence[Path]) -> PackReport:
        """Rebuild the partitions of the sources at ``paths`` from the others."""
        with StoreWriter.open(self._request.store, wait=self._request.wait) as store:
            gone = entries_below(store.manifest.sources, paths)
            self._pack(store, (), choose_writer(store, None), gone)
            store.record_sources(taken_out(entry) for entry in gone)
        return self._report

    def _settings(self, specs: Mapping[str, ReaderSpec], dialect: str) -> dict[str, str]:
        return reader_settings(self._host, specs, self._inputs._replace(dialect=dialect))

    def _count(self, claims: Claims, plan: ReadPlan) -> None:
        report = self._report
        report.files = len({path for claim in claims.claims for path in claim.unit.paths})
        report.files_ignored = claims.ignored
        report.sources_skipped = plan.skipped
        report.quarantined += [Quarantined(f.source, f.reason, 0) for f in claims.failed]

    def _pack(
        self,
        store: StoreWriter,
        sources: Sequence[Source],
        writer: str,
        gone: Sequence[SourceEntry] = (),
    ) -> None:
        """Read ``sources`` and bring their partitions up to date; those of the sources that are to
        be ``gone`` are built from the others."""
        space = BinSpace(store.staging, cache_room(store.staging))
        with Crew(self._request.executor, self._budget.workers, self._request.timeout) as crew:
            results, mixed, sources, rebuild = self._read(store, sources, space, crew, gone)
            self._fix_columns(store, results)
            clocks = self._fix_clocks(store, sources, results)
            assembly = AssemblyStage(
                store=store,
                writer=writer,
                crew=crew,
                budget=self._budget,
                clocks=clocks,
                paths={n: path_text(result.path) for n, result in results.items()},
                excluded=frozenset(),
                calendar_file=self._request.calendar,
                report=self._report,
                progress=self._progress,
            )
            held = self._hold_back(store, sources, results, mixed, assembly, rebuild)
            excluded = frozenset(n for n, result in results.items() if not result.taken)
            assembly = replace(assembly, excluded=excluded)
            self._count_rows(sources, results)
            logged = {n: result for n, result in results.items() if n not in held}
            log = SourceLog(store, sources, logged)
            log.record_empty()
            bins = by_partition(results.values(), mixed)
            keys = set(bins) | rebuild
            if self._request.add_columns:
                keys |= set(store.manifest.partitions)
            use = BinUse({key: found.files for key, found in bins.items()})
            for key in assembly.run(bins, rebuild, keys):
                log.committed(key)
                use.done(key)
            self._report.conflicts.sort(key=lambda one: one.partition)

    def _hold_back(
        self,
        store: StoreWriter,
        sources: Sequence[Source],
        results: Mapping[int, UnitResult],
        mixed: Sequence[MixedBlock],
        assembly: AssemblyStage,
        rebuild: Container[PartitionKey],
    ) -> set[int]:
        """Take nothing of sources that are read differently than when they were packed, unless
        their partitions are rebuilt; their numbers. The manifest keeps what it says of them."""
        again = find_rereads(sources, results, store.manifest.sources)
        again = {
            number: one
            for number, one in again.items()
            if not all(parse_key(key) in rebuild for key in one.entry.partitions)
        }
        if not again:
            return set()
        bins = by_partition((one.result for one in again.values()), mixed)
        missing = assembly.missing(bins, again.keys())
        problems = {number: one.problem(missing[number]) for number, one in again.items()}
        held = {number for number, problem in problems.items() if problem}
        for number in held:
            results[number].reject_whole(problems[number])
        return held

    def _read(
        self,
        store: StoreWriter,
        sources: Sequence[Source],
        space: BinSpace,
        crew: Crew,
        gone: Sequence[SourceEntry],
    ) -> tuple[dict[int, UnitResult], list[MixedBlock], Sequence[Source], set[PartitionKey]]:
        """Read the sources into bins, and with ``--replace`` or ``--without`` whatever else has
        rows of their partitions: results, all sources that were read, partitions to rebuild."""
        stage = ReadingStage(
            crew=crew,
            budget=self._budget,
            options=self._options,
            calendar_file=self._request.calendar,
            staging=store.staging,
            space=space,
            progress=self._progress,
        )
        results, mixed = stage.read(sources)
        if not (self._request.replace or gone):
            return results, mixed, sources, set()
        rebuild = partitions_to_rebuild(sources, results, store.manifest.sources)
        rebuild |= {parse_key(key) for entry in gone for key in entry.partitions}
        others = self._contributors(store, sources, rebuild, {entry.key for entry in gone})
        more, more_mixed = stage.read(others)
        return results | more, mixed + more_mixed, [*sources, *others], rebuild

    def _contributors(
        self,
        store: StoreWriter,
        read: Sequence[Source],
        rebuild: set[PartitionKey],
        gone: set[str],
    ) -> list[Source]:
        """The other sources that have rows of the partitions to rebuild."""
        done = gone | {source.key for source in read}
        entries = other_contributors(rebuild, done, store.manifest.sources)
        option = "--without" if gone else "--replace"
        search = SourceSearch(self._host.readers, self._options)
        sources: list[Source] = []
        for entry in entries:
            # One calendar dates a partition: that of this pack.
            inputs = inputs_of(entry, store.path)._replace(calendar=self._request.calendar)
            claim = search.needed(entry, inputs.mapping, option)
            [settings] = reader_settings(self._host, {claim.reader: claim.spec}, inputs).values()
            number = len(read) + len(sources)
            sources.append(new_source(number, entry.key, claim, settings, inputs.noted()))
        return sources

    def _fix_columns(self, store: StoreWriter, results: dict[int, UnitResult]) -> None:
        """Fix the columns of the store and of its series; units that do not fit them are rejected
        whole."""
        fixed = store.manifest.columns
        may_add = self._request.add_columns
        extra, misfits = fix_columns(fixed, results.values(), may_add=may_add)
        known = store.manifest.series
        series, others = fix_series(known, results.values(), may_add=may_add)
        misfits |= others
        for number, reason in misfits.items():
            results[number].reject_whole(reason)
        if extra != fixed:
            store.set_columns(extra)
        if series != known:
            store.set_series(series)

    def _fix_clocks(
        self, store: StoreWriter, sources: Iterable[Source], results: Mapping[int, UnitResult]
    ) -> Clocks:
        clocks = Clocks(store.manifest.settings)
        for source in sources:
            for underlying in sorted({key.underlying for key in results[source.number].keys}):
                clocks.add(underlying, source.claim.spec)
        settings = store.manifest.settings | clocks.settings()
        if settings != store.manifest.settings:
            store.set_settings(settings)
        plugins = self._host.loaded_versions()
        if plugins != store.manifest.plugins:
            store.set_plugins(plugins)
        return clocks

    def _count_rows(self, sources: Iterable[Source], results: Mapping[int, UnitResult]) -> None:
        report = self._report
        report.stamps_coarser += coarser(results[source.number] for source in sources)
        for source in sources:
            result = results[source.number]
            report.bytes_in += source.size
            report.rows_read += result.rows
            report.crossed_quotes += result.crossed
            report.parts_ignored += result.ignored
            report.files_empty += result.empty
            report.names_settled += result.resolved
            for part in result.rejected:
                report.rows_quarantined += part.rows
                report.quarantined.append(Quarantined(part.path, part.reason, part.rows))
