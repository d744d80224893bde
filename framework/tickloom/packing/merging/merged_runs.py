"""The rows of one run: taken as they are where sources do not meet, merged where they do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tickloom.packing.bins.bin import Bin
from tickloom.packing.bins.reader import BinReader, Piece, joined
from tickloom.packing.merging.disagreements import SECOND, coarse_rows, is_fine
from tickloom.packing.merging.merge import Rows, from_source, merge
from tickloom.packing.merging.runs import Run
from tickloom.packing.rows.table import PartitionColumns

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


class FramePart(NamedTuple):
    """Consecutive rows of a frame of several runs."""

    frame: pl.DataFrame
    """The rows of the runs."""

    start: int
    """The first one of this run."""

    rows: int
    """Number of rows."""


@dataclass(frozen=True, slots=True)
class MergedRun:
    """The rows of a run, by timestamp."""

    rows: pl.DataFrame | list[Piece] | FramePart
    """A frame, a part of one, or pieces that need only be put one after another."""

    height: int
    """Number of rows."""

    dominant: Mapping[int, int]
    """Tick time (microseconds) to the number of dominant rows, where others' rows follow."""

    units: frozenset[int] = frozenset()
    """New units that have rows where sources disagree, as far as that is known."""

    coarse: int = 0
    """Rows with stamps in whole seconds in which another source has finer ones."""


def merge_run(
    run: Run, stored: Sequence[Rows], bins: BinReader, columns: PartitionColumns
) -> MergedRun:
    """The rows of ``run``, ``stored`` ones included."""
    import pyarrow as pa

    bins_in_order = in_order(run)
    if bins_in_order is not None:
        return _as_they_are(_read(bins_in_order, bins))
    new = [_read(found, bins) for _, found in sorted(run.bins.items())]
    if not stored and all(map(_is_in_order, run.bins.values())):
        tables = [pa.concat_tables(joined(pieces)) for pieces in new]
        if all(_are_alike(tables[0], table) for table in tables[1:]):
            return _as_they_are(new[0])
    fresh = [from_source(columns.from_arrow(list(joined(pieces)))) for pieces in new]
    sources = [*stored, *fresh]
    merged = merge(sources, columns.identity)
    stamps = [rows.stamps for rows in sources]
    coarse = coarse_rows([each // SECOND for each in stamps], [is_fine(each) for each in stamps])
    contested = np.fromiter(merged.dominant, np.int64)
    units = frozenset(
        unit
        for unit, rows in zip(sorted(run.bins), fresh, strict=True)
        if coarse or np.isin(rows.stamps, contested).any()
    )
    return MergedRun(merged.frame, merged.frame.height, merged.dominant, units, coarse)


def join_runs(runs: Sequence[MergedRun], columns: PartitionColumns) -> pl.DataFrame:
    """The rows of ``runs``, one run after another."""
    # Pieces become a frame many at a time: that costs 0.3 ms whatever their number.
    frames: list[pl.DataFrame] = []
    for kind, group in groupby((run.rows for run in runs), type):
        if issubclass(kind, FramePart):
            frames += _joined_parts(part for part in group if isinstance(part, FramePart))
        elif issubclass(kind, list):
            pieces = [piece for part in group if isinstance(part, list) for piece in part]
            frames.append(columns.from_arrow(list(joined(pieces))))
        else:
            frames += group  # type: ignore[arg-type]
    return columns.join(frames)


def _joined_parts(parts: Iterable[FramePart]) -> Iterator[pl.DataFrame]:
    """The rows of ``parts``, neighbours in one frame together."""
    last: FramePart | None = None
    for part in parts:
        if last and part.frame is last.frame and part.start == last.start + last.rows:
            last = last._replace(rows=last.rows + part.rows)
            continue
        if last:
            yield last.frame.slice(last.start, last.rows)
        last = part
    if last:
        yield last.frame.slice(last.start, last.rows)


def in_order(run: Run) -> list[Bin] | None:
    """The bins of ``run`` in order of time, where no source's rows reach into another's and none
    are stored; None otherwise."""
    if run.stored:
        return None
    ordered = sorted(run.bins.values(), key=lambda bins: bins[0].segments[0].first)
    if not all(map(_is_in_order, ordered)):
        return None
    for earlier, later in pairwise(ordered):
        # In one second two sources may stamp one tick differently, so they meet.
        if later[0].segments[0].first // SECOND <= earlier[-1].segments[-1].last // SECOND:
            return None
    return [found for bins in ordered for found in bins]


def _is_in_order(source: Sequence[Bin]) -> bool:
    segments = [segment for found in source for segment in found.segments]
    return all(segment.in_order for segment in segments) and not any(
        after.first < before.last for before, after in pairwise(segments)
    )


def _are_alike(one: pa.Table, other: pa.Table) -> bool:
    """Are the rows the same, as far as a quick look tells? Folders that share a day give most of
    its contracts twice, and 0.2 ms show it instead of the 1.5 that two frames and a merge take."""
    return bool(
        one.num_rows == other.num_rows
        and one.schema == other.schema
        and all(
            _plain(a).equals(_plain(b)) for a, b in zip(one.columns, other.columns, strict=True)
        )
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Dictionaries of other contracts' texts differ though the rows' texts do not."""
    from pyarrow import types

    is_text = types.is_dictionary(column.type)
    return column.cast(column.type.value_type) if is_text else column


def _as_they_are(pieces: list[Piece]) -> MergedRun:
    return MergedRun(pieces, sum(piece.rows for piece in pieces), {})


def _read(found: Iterable[Bin], bins: BinReader) -> list[Piece]:
    return [piece for each in found for piece in bins.pieces(each)]
