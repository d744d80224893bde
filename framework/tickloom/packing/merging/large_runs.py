"""Runs of more rows than there is room for: merged in pieces, one after another in time.

What the merge makes of a tick time depends on the rows at that tick time alone. So pieces that are
cut between tick times give, one after another, the very rows that the whole would give. They go
through a nameless file: of that, only what somebody looks at takes memory. Only the rows of one
tick time have to be held together.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from tickloom.packing.bins.bin import Bin
from tickloom.packing.bins.file import compact
from tickloom.packing.bins.reader import BinReader, Piece, through_file
from tickloom.packing.merging.disagreements import SECOND, coarse_rows, is_fine
from tickloom.packing.merging.merge import Ints, Rows, from_source, merge
from tickloom.packing.merging.merged_runs import MergedRun, in_order
from tickloom.packing.merging.runs import Run
from tickloom.packing.merging.stored_rows import StoredRows, stamps_of
from tickloom.packing.rows.table import PartitionColumns

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

PIECES: Final = 2
"""A run of more pieces than this is large: rows that are merged at once take 1 kB each."""

SAMPLES: Final = 64
"""Rows of the sample in a piece: from one source, pieces are of the size that is asked for within
two hundredths."""


def is_large(run: Run, piece_rows: int) -> bool:
    """Has ``run`` to be merged, and more rows than are merged at once?"""
    return run.rows > PIECES * piece_rows and in_order(run) is None


class LargeRun:
    """The merge of one large run."""

    def __init__(
        self, run: Run, stored: StoredRows, bins: BinReader, columns: PartitionColumns
    ) -> None:
        self._run = run
        self._stored = stored
        self._bins = bins
        self._columns = columns
        self._dominant: dict[int, int] = {}
        self._height = 0
        self._coarse = 0

    def merged(self, piece_rows: int, folder: Path) -> MergedRun:
        """The rows, merged about ``piece_rows`` at a time; the file lies in ``folder``."""
        tables = through_file(self._pieces(self._cuts(piece_rows)), folder)
        pieces = [Piece(table, 0, table.num_rows) for table in tables]
        times = np.fromiter(self._dominant, np.int64)
        units = frozenset(
            unit
            for unit, bins in self._run.bins.items()
            if self._coarse
            or any(
                ((times >= part.first) & (times <= part.last)).any()
                for found in bins
                for part in found.segments
            )
        )
        return MergedRun(pieces, self._height, self._dominant, units, self._coarse)

    def _cuts(self, piece_rows: int) -> Ints:
        """The tick times at which pieces begin, and one after the last: by a sample of the rows."""
        step = max(1, piece_rows // SAMPLES)
        samples, last = [], -1
        for stamps in map(np.sort, self._stamps()):
            samples.append(stamps[::step])
            last = max(last, int(stamps[-1]))
        sample = np.sort(np.concatenate(samples))
        # Whole seconds stay together: sources may stamp one tick differently within a second.
        starts = sample[:: piece_rows // step] // SECOND * SECOND
        return np.unique(np.append(starts, last + 1))

    def _stamps(self) -> Iterator[Ints]:
        yield from self._stored.stamps(self._run)
        for bins in self._run.bins.values():
            for found in bins:
                for piece in self._bins.pieces(found):
                    yield stamps_of(piece.table)

    def _pieces(self, cuts: Ints) -> Iterator[pa.Table]:
        stored = self._stored.between(self._run, cuts)
        for (first, end), states in zip(pairwise(cuts.tolist()), stored, strict=True):
            sources = [*states, *self._new(first, end)]
            if not sources:
                continue  # rows of another contract that is stored in the same place
            piece = merge(sources, self._columns.identity)
            stamps = [rows.stamps for rows in sources]
            fine = [is_fine(each) for each in stamps]
            self._coarse += coarse_rows([each // SECOND for each in stamps], fine)
            self._dominant |= piece.dominant
            self._height += piece.frame.height
            yield compact(piece.frame)

    def _new(self, first: int, end: int) -> Iterator[Rows]:
        """The rows of each unit from ``first`` up to ``end``, microseconds."""
        import polars as pl

        for _, bins in sorted(self._run.bins.items()):
            frames = [frame for found in bins for frame in self._between(found, first, end)]
            if frames:
                yield from_source(pl.concat(frames))

    def _between(self, found: Bin, first: int, end: int) -> Iterator[pl.DataFrame]:
        there = [part for part in found.segments if part.first < end and part.last >= first]
        for piece in self._bins.pieces(found._replace(segments=there)):
            stamps = stamps_of(piece.table)
            mine = (stamps >= first) & (stamps < end)
            if mine.any():
                yield self._columns.from_arrow([piece.table]).filter(mine)
