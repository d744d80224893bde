"""What a worker does with a partition: merge contract by contract, transform, write."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickloom.host import get_host
from tickloom.packing.bins.mixed import MixedBlock
from tickloom.packing.bins.reader import BinReader
from tickloom.packing.merging.disagreements import ContestedRows, Disagreement
from tickloom.packing.merging.large_runs import LargeRun, is_large
from tickloom.packing.merging.many_runs import ManyRuns
from tickloom.packing.merging.merged_runs import MergedRun, join_runs, merge_run
from tickloom.packing.merging.runs import NumberedBin, Run, RunKey, find_runs
from tickloom.packing.merging.stored_rows import StoredRows
from tickloom.packing.partitions.clocks import ZONE_METADATA, Clock
from tickloom.packing.rows.table import PartitionColumns
from tickloom.packing.rows.transforms import apply_all, partition_transforms
from tickloom.packing.workers.calendars import load_calendar
from tickloom.schema import Column
from tickloom.specs import ContractSlice, PartitionContext, WriteSettings
from tickloom.store.commits.staged import CheckedFile, check_staged
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.index import Conflict, ContractIndex, ContractRows

if TYPE_CHECKING:
    import polars as pl


class PartitionTask(NamedTuple):
    """One partition to assemble."""

    key: PartitionKey
    """Day and underlying."""

    bins: tuple[NumberedBin, ...]
    """New rows, by unit."""

    mixed: tuple[MixedBlock, ...]
    """New rows of many contracts."""

    excluded: frozenset[int]
    """Units whose rows in ``mixed`` do not count."""

    stored: tuple[Path, ContractIndex] | None
    """File and index of the partition as it is; None where it is new, or built afresh."""

    clock: Clock | None
    """Clock and calendar of the underlying; None where no pack has stated them."""

    calendar_file: Path | None
    """The file of ``--calendar``."""

    columns: tuple[Column, ...]
    """Its columns, in their order on disk."""

    writer: str
    """Name of the writer."""

    target: Path
    """Staged file to write."""

    batch_rows: int
    """About how many rows are merged, transformed and handed to the writer at once."""

    @property
    def label(self) -> str:
        """What a user knows it by."""
        return f"partition {self.key}, by writer {self.writer}"


@dataclass(frozen=True, slots=True)
class PartitionResult:
    """An assembled partition."""

    index: ContractIndex
    """Its contracts."""

    rows_new: int
    """Rows of the bins."""

    rows_stored: int
    """Rows that the store had before."""

    resets: int
    """Rows whose volume is below the row before."""

    disagreement: Disagreement
    """Where its sources disagree."""

    checked: CheckedFile
    """The staged file, read back."""


def assemble(task: PartitionTask) -> PartitionResult:
    """Write the partition's staged file and read it back."""
    return _Assembly(task).run()


class _Assembly:
    def __init__(self, task: PartitionTask) -> None:
        self._task = task
        self._transforms = partition_transforms(task.key.instrument)
        derived = {name for t in self._transforms for name in t.gives}
        self._columns = PartitionColumns(task.columns, derived)
        index = task.stored[1] if task.stored else None
        clock = task.clock
        self._calendar = load_calendar(clock.calendar, task.calendar_file) if clock else None
        self._runs = find_runs(task.bins, index, self._calendar, task.mixed)
        self._entries: list[ContractRows] = []
        self._row = 0
        self._resets = 0
        self._disagreement = Disagreement()

    def run(self) -> PartitionResult:
        task = self._task
        writer = get_host().writers.known(task.writer)
        metadata = {ZONE_METADATA: task.clock.zone} if task.clock else {}
        settings = WriteSettings(metadata=metadata)
        writer.write(self._frames(), task.target, settings)
        index = ContractIndex(tuple(self._entries))
        return PartitionResult(
            index=index,
            rows_new=sum(numbered.bin.rows for numbered in task.bins)
            + sum(block.rows_without(task.excluded) for block in task.mixed),
            rows_stored=task.stored[1].rows if task.stored else 0,
            resets=self._resets,
            disagreement=self._disagreement,
            checked=check_staged(task.target, index, task.key.instrument),
        )

    def _frames(self) -> Iterator[pl.DataFrame]:
        """The partition's rows: whole contracts, about ``batch_rows`` at a time."""
        held: list[tuple[Run, MergedRun]] = []
        height = 0
        for run, merged in self._merged():
            held.append((run, merged))
            height += merged.height
            if height >= self._task.batch_rows:
                pieces = self._pieces(held)
                held, height = [], 0
                del run, merged  # or the tables that they hold would stay until the last piece
                while pieces:
                    yield pieces.popleft()
        if held:
            yield from self._pieces(held)

    def _pieces(self, held: list[tuple[Run, MergedRun]]) -> deque[pl.DataFrame]:
        """The finished rows of ``held``, about ``batch_rows`` at a time. What is mapped from the
        bins of a large contract goes with its piece: half a million rows take 230 MB."""
        frame, rows = self._finished(held), self._task.batch_rows
        return deque(frame.slice(start, rows) for start in range(0, frame.height, rows))

    def _merged(self) -> Iterator[tuple[Run, MergedRun]]:
        """The runs, one after another, with their merged rows."""
        task = self._task
        path = task.stored[0] if task.stored else None
        large = {run.key for run in self._runs if is_large(run, task.batch_rows)}
        at_once = [run for run in self._runs if run.key not in large]
        stored = StoredRows(path, at_once, self._columns, self._calendar)
        bins = BinReader()
        with closing(
            ManyRuns(task.key, task.mixed, task.excluded, self._columns, task.target.parent)
        ) as many:
            for runs in self._together(large):
                if runs[0].key in large:
                    run = many.as_bins(runs[0]) if runs[0].mixed else runs[0]
                    if not (run.bins or run.stored):
                        continue  # all of its rows are of units of which nothing is taken
                    merge = LargeRun(run, stored, bins, self._columns)
                    yield run, merge.merged(task.batch_rows, task.target.parent)
                elif runs[0].mixed:
                    yield from many.merged(runs, [list(stored.next(run)) for run in runs], bins)
                else:
                    run = runs[0]
                    yield run, merge_run(run, list(stored.next(run)), bins, self._columns)

    def _together(self, large: Container[RunKey]) -> Iterator[list[Run]]:
        """The runs: of many contracts' blocks about ``batch_rows`` together, others alone."""
        held: list[Run] = []
        rows = 0
        for run in self._runs:
            joins = bool(run.mixed) and run.key not in large
            if held and (not joins or rows >= self._task.batch_rows):
                yield held
                held, rows = [], 0
            if joins:
                held.append(run)
                rows += run.rows
            else:
                yield [run]
        if held:
            yield held

    def _finished(self, parts: list[tuple[Run, MergedRun]]) -> pl.DataFrame:
        """The contracts of ``parts`` with every column of the store."""
        slices = []
        contested = []
        start = 0
        for run, merged in parts:
            rows = merged.height
            if merged.dominant or merged.coarse:
                stored, coarse = bool(run.stored), merged.coarse
                contested.append(
                    ContestedRows(
                        run.contract, start, rows, merged.dominant, coarse, merged.units, stored
                    )
                )
            slices.append(
                ContractSlice(contract=run.contract, expiry=run.expiry, start=start, rows=rows)
            )
            self._note(run, merged)
            start += rows
        frame = join_runs([merged for _, merged in parts], self._columns)
        if contested:
            self._disagreement.add(frame, contested, self._columns.identity)
        context = PartitionContext(symbol="", date=self._task.key.date, slices=tuple(slices))
        finished = self._columns.finish(apply_all(self._transforms, frame, context))
        self._resets += _resets(finished, slices)
        return finished

    def _note(self, run: Run, merged: MergedRun) -> None:
        names = sorted(run.names)
        self._entries.append(
            ContractRows(
                contract=names[0] if names else None,
                expiry=run.key.expiry,
                kind=run.expiry.kind,
                right=run.right,
                strike=run.key.strike,
                first_row=self._row,
                rows=merged.height,
                conflicts=tuple(Conflict(*item) for item in sorted(merged.dominant.items())),
                also=tuple(names[1:]),
            )
        )
        self._row += merged.height


def _resets(frame: pl.DataFrame, slices: list[ContractSlice]) -> int:
    """Rows whose volume is below that of the contract's row before."""
    import numpy as np

    if "volume" not in frame.columns:
        return 0
    volume = frame["volume"]
    fell = (volume < volume.shift(1)).fill_null(False).to_numpy(writable=True)
    fell[[part.start for part in slices]] = False
    return int(np.count_nonzero(fell))
