"""The second half of a pack: partitions from bins, on workers, committed as they are done."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from tickloom.errors import StoreError
from tickloom.host import get_host
from tickloom.packing.bins.mixed import MixedBlock
from tickloom.packing.merging.disagreements import Disagreement
from tickloom.packing.merging.runs import NumberedBin
from tickloom.packing.partitions.assembly import PartitionResult, PartitionTask, assemble
from tickloom.packing.partitions.clocks import Clocks
from tickloom.packing.partitions.rereads import RereadTask, count_missing
from tickloom.packing.report import Conflicting, PackReport
from tickloom.packing.sources.units import UnitResult
from tickloom.packing.workers.budget import Budget
from tickloom.packing.workers.crew import Crashed, Crew
from tickloom.progress import Phases
from tickloom.store.api import Partition, open_store
from tickloom.store.commits.manifest import Disagreements
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.index import ContractIndex
from tickloom.store.writer import StoreWriter


@dataclass(slots=True)
class NewRows:
    """What was read for one partition."""

    bins: list[NumberedBin] = field(default_factory=list)
    """Rows of one contract and unit, by number of the unit."""

    mixed: list[MixedBlock] = field(default_factory=list)
    """Rows of many contracts."""

    @property
    def rows(self) -> int:
        """Number of rows, those of units of which nothing is taken included."""
        bins = sum(numbered.bin.rows for numbered in self.bins)
        return bins + sum(block.block.rows for block in self.mixed)

    @property
    def files(self) -> set[Path]:
        """The files of bins that hold them."""
        return {numbered.bin.file for numbered in self.bins} | {one.file for one in self.mixed}


MOST_SOURCES: Final = 20
"""Sources that are named of those that disagree about a partition."""

Bins = Mapping[PartitionKey, NewRows]


def by_partition(
    results: Iterable[UnitResult], mixed: Iterable[MixedBlock]
) -> dict[PartitionKey, NewRows]:
    """What was read for each partition that has rows of a unit."""
    found: dict[PartitionKey, NewRows] = defaultdict(NewRows)
    for result in sorted(results, key=lambda result: result.number):
        for each in result.bins:
            found[each.key].bins.append(NumberedBin(result.number, each))
        for key in result.mixed:
            found[key]  # also where its blocks come later
    for block in sorted(mixed, key=lambda block: min(block.units)):
        if block.key in found:
            found[block.key].mixed.append(block)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class AssemblyStage:
    """Assembles and commits the partitions of one pack."""

    store: StoreWriter
    """The store."""

    writer: str
    """Name of the writer of its partitions."""

    crew: Crew
    """The workers."""

    budget: Budget
    """Memory and workers."""

    clocks: Clocks
    """The underlyings' clocks and calendars."""

    excluded: frozenset[int]
    """Units of which nothing is taken, though blocks of many contracts have rows of them."""

    paths: Mapping[int, str]
    """First file of each unit, by its number."""

    calendar_file: Path | None
    """The file of ``--calendar``."""

    report: PackReport
    """Counts what is done."""

    progress: Phases
    """Told about it."""

    def run(
        self, bins: Bins, rebuild: Collection[PartitionKey], keys: Collection[PartitionKey]
    ) -> Iterator[PartitionKey]:
        """Bring the partitions ``keys`` up to date, those with the most new rows first, and yield
        each when it is committed. ``rebuild`` are made of their bins alone."""
        order = sorted(keys, key=lambda key: (-bins[key].rows if key in bins else 0, key))
        empty = [key for key in order if key in rebuild and key not in bins]
        progress = self.progress("packing")
        for key in empty:
            if key in self.store.manifest.partitions:
                self.store.remove(key)
            yield key
        filled = [key for key in order if key not in empty]
        tasks = self._tasks(bins, rebuild, filled)
        with closing(self.crew.run(assemble, tasks)) as done:
            for packed, item in enumerate(done, 1):
                if isinstance(item, Crashed):
                    raise StoreError(
                        f"assembling {item.task.key} crashed its worker, most likely for want of "
                        "memory; pack with fewer --workers"
                    )
                self._commit(*item)
                progress(packed, len(filled))
                yield item[0].key

    def missing(self, bins: Bins, units: Collection[int]) -> Counter[int]:
        """How many rows of each of ``units`` the store does not have; ``bins`` are theirs alone,
        but for blocks that they share with others."""
        before = open_store(self.store.path)
        found: Counter[int] = Counter()
        tasks = []
        for key, new in bins.items():
            if key in self.store.manifest.partitions:
                partition = before.partition(key)
                tasks.append(self._reread(key, new, units, partition))
                continue
            found.update(_rows_of_units(new))
        for item in self.crew.run(count_missing, tasks):
            if isinstance(item, Crashed):
                raise StoreError(f"looking at {item.task.key} crashed its worker")
            found.update(item[1])
        return Counter({unit: found[unit] for unit in units})

    def _reread(
        self, key: PartitionKey, new: NewRows, units: Collection[int], partition: Partition
    ) -> RereadTask:
        others = {unit for block in new.mixed for unit in block.units} - set(units)
        return RereadTask(
            key=key,
            bins=tuple(new.bins),
            mixed=tuple(new.mixed),
            excluded=frozenset(others),
            stored=(partition.file(), partition.index()),
            clock=self.clocks.get(key.underlying),
            calendar_file=self.calendar_file,
            columns=self.store.manifest.columns_of(key),
            folder=self.store.staging,
            batch_rows=self.budget.assembly_rows,
        )

    def _tasks(
        self, bins: Bins, rebuild: Collection[PartitionKey], order: Iterable[PartitionKey]
    ) -> Iterator[PartitionTask]:
        before = open_store(self.store.path)
        suffix = get_host().writers.known(self.writer).suffix
        for key in order:
            stored: tuple[Path, ContractIndex] | None = None
            if key in self.store.manifest.partitions:
                partition = before.partition(key)
                stored = partition.file(), partition.index()
            if key in rebuild and stored:
                _check_rebuild(key, stored[1])
                stored = None
            new = bins.get(key, NewRows())
            yield PartitionTask(
                key=key,
                bins=tuple(new.bins),
                mixed=tuple(new.mixed),
                excluded=self.excluded,
                stored=stored,
                clock=self.clocks.get(key.underlying),
                calendar_file=self.calendar_file,
                columns=self.store.manifest.columns_of(key),
                writer=self.writer,
                target=self.store.stage(key, suffix),
                batch_rows=self.budget.assembly_rows,
            )

    def _commit(self, task: PartitionTask, result: PartitionResult) -> None:
        net = result.index.rows - result.rows_stored
        self.report.rows_written += net
        self.report.rows_duplicate += result.rows_new - net
        self.report.volume_resets += result.resets
        found = self._disagreements(task, result.disagreement)
        if found:
            said = msgspec.structs.asdict(found)
            self.report.conflicts.append(Conflicting(partition=str(task.key), **said))
        if self._is_stored(task, result, found):
            task.target.unlink()
            return
        entry = self.store.commit(task.key, task.target, result.index, result.checked, found)
        self.report.partitions += 1
        self.report.bytes_out += entry.size

    def _disagreements(self, task: PartitionTask, now: Disagreement) -> Disagreements | None:
        """What the partition's sources disagree about, what is known of before included."""
        entry = self.store.manifest.partitions.get(task.key)
        before = entry.disagreements if entry and task.stored else None
        names = {self.paths[unit] for unit in now.units if unit in self.paths}
        if now.with_stored:
            names |= self._earlier(task.key, names)
        if before:
            names |= set(before.sources)
        rows = max(now.rows, before.rows if before else 0)
        if not rows:
            return None
        columns = [name for name, _ in now.columns.most_common()]
        columns += [name for name in (before.columns if before else ()) if name not in columns]
        return Disagreements(
            rows=rows,
            columns=tuple(columns),
            sources=tuple(sorted(names)[:MOST_SOURCES]),
            example=now.example or (before.example if before else ""),
        )

    def _earlier(self, key: PartitionKey, names: Collection[str]) -> set[str]:
        """Sources that gave the store rows of the partition: those called like one of ``names``,
        which are of the same contract; all of them where none is."""
        known = self.store.manifest.sources.values()
        paths = {e.files[0].path for e in known if e.files and str(key) in e.partitions}
        called = {Path(name).name.lower() for name in names}
        alike = {path for path in paths if Path(path).name.lower() in called}
        return alike or paths

    def _is_stored(
        self, task: PartitionTask, result: PartitionResult, found: Disagreements | None
    ) -> bool:
        """Is the partition in the store what was assembled, byte for byte, and what is ``found`` of
        it known?"""
        entry = self.store.manifest.partitions.get(task.key)
        return (
            entry is not None
            and task.stored is not None
            and task.stored[1] == result.index
            and entry.sha256 == result.checked.sha256
            and (entry.disagreements is None) == (found is None)
        )


def _rows_of_units(new: NewRows) -> Counter[int]:
    found: Counter[int] = Counter()
    for numbered in new.bins:
        found[numbered.unit] += numbered.bin.rows
    for block in new.mixed:
        found.update(block.units)
    return found


def _check_rebuild(key: PartitionKey, index: ContractIndex) -> None:
    adopted = sum(rows.rows for rows in index.contracts if rows.contract is None)
    if adopted:
        raise StoreError(
            f"--replace cannot rebuild {key}: {adopted} of its rows were adopted, and no source "
            "that could give them again is known. Pack without --replace, which only adds"
        )
