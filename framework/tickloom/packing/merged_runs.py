"""The rows of one run: taken as they are where sources do not meet, merged where they do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from tickloom.packing.bins import Bin, read_segments
from tickloom.packing.merge import Rows, from_source, merge
from tickloom.packing.runs import Run
from tickloom.packing.table import PartitionColumns

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class MergedRun:
    """The rows of a run, by timestamp."""

    rows: pl.DataFrame | Sequence[pa.Table]
    """A frame, or tables that need only be put one after another."""

    height: int
    """Number of rows."""

    dominant: Mapping[int, int]
    """Tick time (microseconds) to the number of dominant rows, where others' rows follow."""


def merge_run(run: Run, stored: Sequence[Rows], columns: PartitionColumns) -> MergedRun:
    """The rows of ``run``, ``stored`` ones included."""
    bins_in_order = in_order(run)
    if bins_in_order is not None:
        tables = _read(bins_in_order)
        return MergedRun(tables, sum(table.num_rows for table in tables), {})
    sources = list(stored)
    for _, bins in sorted(run.bins.items()):
        sources.append(from_source(columns.from_arrow(_read(bins))))
    merged = merge(sources, columns.identity)
    return MergedRun(merged.frame, merged.frame.height, merged.dominant)


def join_runs(runs: Sequence[MergedRun], columns: PartitionColumns) -> pl.DataFrame:
    """The rows of ``runs``, one run after another."""
    frames: list[pl.DataFrame] = []
    tables: list[pa.Table] = []
    for run in runs:
        # Tables become a frame many at a time: that costs 0.3 ms whatever their number.
        if isinstance(run.rows, Sequence):
            tables += run.rows
            continue
        if tables:
            frames.append(columns.from_arrow(tables))
            tables = []
        frames.append(run.rows)
    if tables:
        frames.append(columns.from_arrow(tables))
    return columns.join(frames)


def in_order(run: Run) -> list[Bin] | None:
    """The bins of ``run`` in order of time, where no source's rows reach into another's and none
    are stored; None otherwise."""
    if run.stored:
        return None
    ordered = sorted(run.bins.values(), key=lambda bins: bins[0].segments[0].first)
    for bins in ordered:
        segments = [segment for found in bins for segment in found.segments]
        if not all(segment.in_order for segment in segments):
            return None
        if any(after.first < before.last for before, after in pairwise(segments)):
            return None
    for earlier, later in pairwise(ordered):
        if later[0].segments[0].first <= earlier[-1].segments[-1].last:
            return None
    return [found for bins in ordered for found in bins]


def _read(bins: Iterable[Bin]) -> list[pa.Table]:
    return [table for found in bins for table in read_segments(found)]
