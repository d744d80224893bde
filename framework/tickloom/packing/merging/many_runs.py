"""The merge of many runs at once: of chains, whose contracts have few rows each.

What the merge makes of a tick time of a contract depends on the rows at that time alone. So one
frame with the contract's number in front of the time is merged like a single contract, and sources
that do not meet at a contract's tick time are as good as one: the rows are put into layers, each
with the rows of at most one source for every contract and time. Chains are one layer; two exports
that overlap are two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tickloom.packing.bins.bin import Bin, Segment
from tickloom.packing.bins.mixed import UNIT, MixedBlock, MixedTables
from tickloom.packing.bins.reader import BinReader, joined
from tickloom.packing.merging.disagreements import SECOND
from tickloom.packing.merging.merge import WHEN, Ints, Rows, merge
from tickloom.packing.merging.merged_runs import FramePart, MergedRun
from tickloom.packing.merging.runs import MixedPart, Run
from tickloom.packing.merging.stored_rows import stamps_of
from tickloom.packing.rows.days import EPOCH, MICROSECONDS_PER_DAY
from tickloom.packing.rows.table import PartitionColumns
from tickloom.store.layout import PartitionKey

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

_SPAN: Final = 2**37
"""More microseconds than a day has."""


class _Source(NamedTuple):
    """Consecutive rows of one run."""

    table: pa.Table
    run: Ints
    unit: Ints


class ManyRuns:
    """The blocks of many contracts that a partition has new rows in."""

    def __init__(
        self,
        key: PartitionKey,
        blocks: Sequence[MixedBlock],
        excluded: frozenset[int],
        columns: PartitionColumns,
        folder: Path,
    ) -> None:
        """``excluded`` are units whose rows do not count; ``folder`` is for rows that do not fit
        into memory."""
        self._day = (key.date - EPOCH).days * MICROSECONDS_PER_DAY
        self._blocks = blocks
        self._excluded = np.array(sorted(excluded), np.int64)
        self._columns = columns
        self._tables = MixedTables(blocks, folder)

    def close(self) -> None:
        """Let go of the files."""
        self._tables.close()

    def merged(
        self, runs: Sequence[Run], stored: Sequence[Sequence[Rows]], bins: BinReader
    ) -> list[tuple[Run, MergedRun]]:
        """The rows of ``runs``, neighbours in the store, with the ``stored`` states of each. A run
        whose rows all belong to excluded units is left out."""
        day = self._day
        before = list(self._stored(stored, day))
        new = self.new_rows(runs, bins)
        states = [*before, *(new.layers() if new else ())]
        if not states:
            return []
        rows = merge(states, self._columns.identity)
        said = _Contested(len(runs), before, new, rows.dominant)
        whens = rows.stamps
        ends = np.searchsorted(whens, np.arange(1, len(runs) + 1) * _SPAN)
        frame = rows.frame.drop(WHEN)
        dominant: list[dict[int, int]] = [{} for _ in runs]
        for when, length in rows.dominant.items():
            dominant[when // _SPAN][when % _SPAN + day] = length
        found = []
        start = 0
        for number, (run, end, leading) in enumerate(
            zip(runs, ends.tolist(), dominant, strict=True)
        ):
            if end > start:
                part = FramePart(frame, start, end - start)
                units, coarse = said.units[number], int(said.coarse[number])
                found.append((run, MergedRun(part, end - start, leading, units, coarse)))
            start = end
        return found

    def _stored(self, stored: Sequence[Sequence[Rows]], day: int) -> Iterator[Rows]:
        """The stored states: of each run at most one in every result."""
        import polars as pl

        for place in range(max(map(len, stored), default=0)):
            frames: list[pl.DataFrame] = []
            dominant: dict[int, int] = {}
            for number, states in enumerate(stored):
                if place < len(states):
                    rows, base = states[place], number * _SPAN - day
                    frames.append(rows.frame.with_columns(pl.Series(WHEN, rows.stamps + base)))
                    dominant |= {stamp + base: n for stamp, n in rows.dominant.items()}
            yield Rows(self._columns.join(frames), dominant)

    def new_rows(self, runs: Sequence[Run], bins: BinReader) -> NewRows | None:
        """The new rows, by time and unit; None where there are none."""
        import polars as pl

        sources = [*self._mixed(runs), *_ordinary(runs, bins)]
        if not sources:
            return None
        run = np.concatenate([source.run for source in sources])
        unit = np.concatenate([source.unit for source in sources])
        frame = self._columns.from_arrow([source.table for source in sources])
        when = frame["timestamp"].cast(pl.Int64).to_numpy() - self._day + run * _SPAN
        order = np.lexsort((unit, when))
        if len(self._excluded):
            order = order[~np.isin(unit[order], self._excluded)]
        if not len(order):
            return None
        frame = frame.with_columns(pl.Series(WHEN, when))[order]
        return NewRows(frame, when[order], unit[order])

    def _mixed(self, runs: Sequence[Run]) -> Iterator[_Source]:
        """The rows of ``runs`` in blocks of many contracts, neighbours in a block together, in the
        order of the blocks."""
        wanted: dict[tuple[int, int, int], tuple[int, Ints]] = {}
        for block, parts in _by_block(runs).items():
            for first, last in _neighbours(parts):
                group = parts[first:last]
                rows = np.array([part.rows for _, part in group])
                number = np.repeat(np.array([number for number, _ in group]), rows)
                wanted[block, group[0][1].start, int(rows.sum())] = len(wanted), number
        found = [
            (wanted[part][0], _Source(table.drop_columns([UNIT]), wanted[part][1], _units(table)))
            for part, table in self._tables.slices(list(wanted))
        ]
        for _, source in sorted(found, key=lambda item: item[0]):
            yield source

    def as_bins(self, run: Run) -> Run:
        """``run`` with all its new rows in bins, for a run too large to be merged with others."""
        bins = {unit: list(found) for unit, found in run.bins.items()}
        parts = {(part.block, part.start, part.rows): part for part in run.mixed}
        tables = dict(self._tables.slices(list(parts)))
        for place, part in parts.items():
            block, table = self._blocks[part.block], tables[place]
            unit, stamps = _units(table), stamps_of(table)
            bounds = [0, *(np.flatnonzero(np.diff(unit)) + 1).tolist(), len(unit)]
            for start, end in pairwise(bounds):
                if np.isin(unit[start], self._excluded):
                    continue
                mine = stamps[start:end]
                segment = Segment(
                    block=block.block,
                    start=part.start + start,
                    rows=end - start,
                    first=int(mine.min()),
                    last=int(mine.max()),
                    in_order=bool(np.all(mine[1:] >= mine[:-1])),
                )
                contract, expiry = block.contracts[part.contract]
                one = Bin(block.key, contract, expiry, block.file, [segment], block.compressed)
                bins.setdefault(int(unit[start]), []).append(one)
        return Run(run.key, run.names, bins, run.stored)


class NewRows(NamedTuple):
    """New rows of several runs, by time and unit."""

    frame: pl.DataFrame
    """The rows, with the column :data:`WHEN`."""

    when: Ints
    """That column: the number of the run before the time."""

    unit: Ints
    """The unit of each row."""

    def layers(self) -> Iterator[Rows]:
        """The rows in states of which none has rows of two units at one time of a run."""
        layer = _layer_numbers(self.when, self.unit)
        last = int(layer.max())
        for number in range(last + 1):
            yield Rows(self.frame.filter(layer == number) if last else self.frame)


class _Contested:
    """Which units disagree, by run."""

    def __init__(
        self, runs: int, stored: Sequence[Rows], new: NewRows | None, dominant: Mapping[int, int]
    ) -> None:
        self.units: list[frozenset[int]] = [frozenset()] * runs
        self.coarse = np.zeros(runs, np.int64)
        if new is None:
            return
        whens = [*(rows.stamps for rows in stored), new.when]
        when = np.concatenate(whens)
        unit = np.concatenate(
            [*(np.full(len(w), -1 - i) for i, w in enumerate(whens[:-1])), new.unit]
        )
        mine = np.isin(when, np.fromiter(dominant, np.int64)) & (unit >= 0)
        mine |= self._find_coarse(runs, when, unit) & (unit >= 0)
        found: dict[int, set[int]] = {}
        pairs = np.unique(np.stack((when[mine] // _SPAN, unit[mine])), axis=1)
        for run, number in pairs.T.tolist():
            found.setdefault(run, set()).add(number)
        for run, numbers in found.items():
            self.units[run] = frozenset(numbers)

    def _find_coarse(self, runs: int, when: Ints, unit: Ints) -> npt.NDArray[np.bool_]:
        """Rows in whole seconds in which another source has finer stamps."""
        run, time = when // _SPAN, when % _SPAN
        source = (run << 32) + unit
        fine = np.isin(source, np.unique(source[time % SECOND != 0]))
        second = run * _SPAN + time // SECOND
        meet = np.isin(second, np.unique(second[fine]))
        coarse: npt.NDArray[np.bool_] = ~fine & meet
        self.coarse = np.bincount(run[coarse], minlength=runs)
        return meet & np.isin(second, np.unique(second[coarse]))


def _by_block(runs: Sequence[Run]) -> Mapping[int, list[tuple[int, MixedPart]]]:
    """The parts in each block with the numbers of their runs, in the order of their rows."""
    found: dict[int, list[tuple[int, MixedPart]]] = {}
    for number, run in enumerate(runs):
        for part in run.mixed:
            found.setdefault(part.block, []).append((number, part))
    for parts in found.values():
        parts.sort(key=lambda item: item[1].start)
    return dict(sorted(found.items()))


def _neighbours(parts: Sequence[tuple[int, MixedPart]]) -> Iterator[tuple[int, int]]:
    """Parts that lie one after another without a gap: the first, and one after the last."""
    first = 0
    for place in range(1, len(parts) + 1):
        if place < len(parts):
            before = parts[place - 1][1]
            if parts[place][1].start == before.start + before.rows:
                continue
        yield first, place
        first = place


def _ordinary(runs: Sequence[Run], bins: BinReader) -> Iterator[_Source]:
    """The rows of ``runs`` in bins of one contract."""
    for number, run in enumerate(runs):
        for unit, found in sorted(run.bins.items()):
            for table in joined(piece for one in found for piece in bins.pieces(one)):
                rows = table.num_rows
                table = table.drop_columns([UNIT]) if UNIT in table.column_names else table
                yield _Source(table, np.full(rows, number), np.full(rows, unit))


def _units(table: pa.Table) -> Ints:
    import polars as pl

    return pl.Series(table.column(UNIT)).cast(pl.Int64).to_numpy()


def _layer_numbers(when: Ints, unit: Ints) -> Ints:
    """Of rows that are sorted by time and unit: how many other units have rows at that time
    before it."""
    new_time = np.ones(len(when), np.bool_)
    new_time[1:] = when[1:] != when[:-1]
    new_unit = np.zeros(len(when), np.int64)
    new_unit[1:] = (unit[1:] != unit[:-1]) & ~new_time[1:]
    count = np.cumsum(new_unit)
    at_first = count[new_time]
    layers: Ints = count - at_first[np.cumsum(new_time) - 1]
    return layers
