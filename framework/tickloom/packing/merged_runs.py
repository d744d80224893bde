"""The rows of one run: taken as they are where sources do not meet, merged where they do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa

from tickloom.packing.bin_reader import BinReader, Piece, joined
from tickloom.packing.bins import Bin
from tickloom.packing.merge import Rows, from_source, merge
from tickloom.packing.runs import Run
from tickloom.packing.table import PartitionColumns

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class MergedRun:
    """The rows of a run, by timestamp."""

    rows: pl.DataFrame | Sequence[Piece]
    """A frame, or pieces that need only be put one after another."""

    height: int
    """Number of rows."""

    dominant: Mapping[int, int]
    """Tick time (microseconds) to the number of dominant rows, where others' rows follow."""


def merge_run(
    run: Run, stored: Sequence[Rows], bins: BinReader, columns: PartitionColumns
) -> MergedRun:
    """The rows of ``run``, ``stored`` ones included."""
    bins_in_order = in_order(run)
    if bins_in_order is not None:
        return _as_they_are(_read(bins_in_order, bins))
    new = [_read(found, bins) for _, found in sorted(run.bins.items())]
    sources = [
        *stored,
        *(from_source(columns.from_arrow(list(joined(pieces)))) for pieces in new),
    ]
    merged = merge(sources, columns.identity)
    return MergedRun(merged.frame, merged.frame.height, merged.dominant)


def join_runs(runs: Sequence[MergedRun], columns: PartitionColumns) -> pl.DataFrame:
    """The rows of ``runs``, one run after another."""
    frames: list[pl.DataFrame] = []
    pieces: list[Piece] = []
    for run in runs:
        # Pieces become a frame many at a time: that costs 0.3 ms whatever their number.
        if isinstance(run.rows, Sequence):
            pieces += run.rows
            continue
        if pieces:
            frames.append(columns.from_arrow(list(joined(pieces))))
            pieces = []
        frames.append(run.rows)
    if pieces:
        frames.append(columns.from_arrow(list(joined(pieces))))
    return columns.join(frames)


def in_order(run: Run) -> list[Bin] | None:
    """The bins of ``run`` in order of time, where no source's rows reach into another's and none
    are stored; None otherwise."""
    if run.stored:
        return None
    ordered = sorted(run.bins.values(), key=lambda bins: bins[0].segments[0].first)
    if not all(map(_is_in_order, ordered)):
        return None
    for earlier, later in pairwise(ordered):
        if later[0].segments[0].first <= earlier[-1].segments[-1].last:
            return None
    return [found for bins in ordered for found in bins]


def _is_in_order(source: Sequence[Bin]) -> bool:
    segments = [segment for found in source for segment in found.segments]
    return all(segment.in_order for segment in segments) and not any(
        after.first < before.last for before, after in pairwise(segments)
    )


def _as_they_are(pieces: list[Piece]) -> MergedRun:
    return MergedRun(pieces, sum(piece.rows for piece in pieces), {})


def _read(found: Iterable[Bin], bins: BinReader) -> list[Piece]:
    return [piece for each in found for piece in bins.pieces(each)]
