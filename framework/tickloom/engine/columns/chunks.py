"""Columns in pieces that lie apart in memory, as a file's row groups are decoded."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Array = npt.NDArray[Any]


class Scratch(threading.local):
    """Arrays that each thread keeps from one use to the next: memory fresh from the system costs
    several times as much to fill, since every page of it is a fault."""

    def __init__(self) -> None:
        self._arrays: dict[Hashable, npt.NDArray[Any]] = {}

    def array(self, use: Hashable, dtype: npt.DTypeLike, size: int) -> npt.NDArray[Any]:
        """An array of ``size`` values, of any content; the next one for the same ``use`` takes its
        place."""
        kept = self._arrays.get((use, dtype))
        if kept is None or len(kept) < size:
            kept = self._arrays[use, dtype] = np.empty(size, dtype)
        return kept[:size]


_SCRATCH: Final = Scratch()
"""Where rows that lie across an edge are put together, by column."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """Rows of several columns. All columns are cut at the same rows."""

    edges: Int64
    """``int64[chunks + 1]``, ascending from 0: chunk c holds rows ``edges[c]`` to
    ``edges[c + 1]``."""

    columns: tuple[tuple[Array, ...], ...]
    """The chunks of each column: C-contiguous, read-only where they are views."""

    @classmethod
    def whole(cls, columns: Sequence[Array]) -> Chunks:
        """Columns that are in one piece each."""
        rows = min((len(column) for column in columns), default=0)
        return cls(np.array([0, rows]), tuple((column,) for column in columns))

    @classmethod
    def cut(cls, columns: Sequence[Sequence[Array]]) -> Chunks:
        """Columns of equally many rows, one at least, cut where any is; empty pieces fall away."""
        lengths = [[len(chunk) for chunk in chunks] for chunks in columns]
        alike = lengths[0] if len(set(map(tuple, lengths))) == 1 else []
        if alike and all(alike):  # as row groups are; finding that out takes a fifth of the time
            return cls(np.cumsum([0, *alike], dtype=np.int64), tuple(map(tuple, columns)))
        found = [np.cumsum([0, *each], dtype=np.int64) for each in lengths]
        edges = np.array(sorted({0}.union(*(each.tolist() for each in found))), np.int64)
        return cls(
            edges,
            tuple(
                tuple(_pieces(chunks, places, edges))
                for chunks, places in zip(columns, found, strict=True)
            ),
        )

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.edges[-1])

    def first(self, count: int) -> Chunks:
        """The first ``count`` columns."""
        return Chunks(self.edges, self.columns[:count])

    def addresses(self, column: int) -> Int64:
        """``int64[chunks]``: where row 0 would be if the chunk began there."""
        chunks = self.columns[column]
        places = np.array([chunk.__array_interface__["data"][0] for chunk in chunks], np.int64)
        return places - self.edges[:-1] * chunks[0].itemsize

    def span(self, begin: int, end: int) -> list[Array]:
        """Rows ``[begin, end)`` of each column: views if one chunk holds them, else copies that
        hold until this thread's next call."""
        low, high = self._chunk(begin), self._chunk(max(begin, end - 1))
        if low == high:
            start = int(self.edges[low])
            return [chunks[low][begin - start : end - start] for chunks in self.columns]
        return [
            np.concatenate(
                [
                    chunks[c][max(begin - int(self.edges[c]), 0) : end - int(self.edges[c])]
                    for c in range(low, high + 1)
                ],
                out=_SCRATCH.array(number, chunks[low].dtype, end - begin),
            )
            for number, chunks in enumerate(self.columns)
        ]

    def _chunk(self, row: int) -> int:
        """The chunk that ``row`` lies in; the last one for a row behind it."""
        found = int(np.searchsorted(self.edges, row, "right")) - 1
        return min(found, len(self.edges) - 2)

    def take(self, column: int, rows: Int64) -> Array:
        """The values of ``column`` at ``rows``."""
        chunks = self.columns[column]
        found = np.empty(len(rows), chunks[0].dtype)
        places = np.searchsorted(self.edges, rows, "right") - 1
        for chunk in np.flatnonzero(np.bincount(places)).tolist():
            here = places == chunk
            found[here] = chunks[chunk][rows[here] - self.edges[chunk]]
        return found


def _pieces(chunks: Sequence[Array], places: Int64, edges: Int64) -> list[Array]:
    """``chunks``, which begin at ``places``, cut at ``edges``, which ``places`` are among."""
    pieces = []
    for low, high in pairwise(edges.tolist()):
        chunk = int(np.searchsorted(places, low, "right")) - 1
        pieces.append(chunks[chunk][low - places[chunk] : high - places[chunk]])
    return pieces
