"""The merge of several sources' rows of one contract and day.

What the store knows about a contract at one tick time is a state: of each distinct row the largest
count that any one source has, and the dominant source's sequence (the longest; of equally long
ones that with the smallest hash). Joining two states takes the larger count and the better
sequence. That is commutative, associative and idempotent, so neither order nor repetition nor
batching of the sources shows in the result. On disk the dominant sequence comes first, then the
rows that only others have, sorted by all columns; the length of the dominant one is kept where
others follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tickloom.packing.rows.keys import row_keys, sequence_hash

if TYPE_CHECKING:
    import polars as pl

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


WHEN: Final = "__tickloom_when"
"""A column of frames that hold several contracts: the contract's number before the time, so that
rows of two contracts never meet. Where it is there, it is the tick time that the merge goes by."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The merged rows of one contract and day."""

    frame: pl.DataFrame
    """The rows, by timestamp; at one timestamp the dominant ones, then the others."""

    dominant: dict[int, int] = field(default_factory=dict)
    """Tick time (microseconds) to the number of dominant rows, where others' rows follow."""

    @property
    def stamps(self) -> Ints:
        """Timestamps, microseconds of the wall clock since 1970, or :data:`WHEN`; ascending."""
        return _stamps(self.frame)


def _stamps(frame: pl.DataFrame) -> Ints:
    import polars as pl

    if WHEN in frame.columns:
        return frame[WHEN].to_numpy()
    return frame["timestamp"].cast(pl.Datetime("us")).to_physical().to_numpy()


def from_source(frame: pl.DataFrame) -> Rows:
    """The rows of one source, in the vendor's order within each tick time."""
    stamps = frame["timestamp"].to_physical().to_numpy()
    if np.any(stamps[1:] < stamps[:-1]):
        frame = frame[np.argsort(stamps, kind="stable")]
    return Rows(frame)


def merge(sources: Iterable[Rows], columns: Sequence[str]) -> Rows:
    """The join of ``sources``; ``columns`` are those that make a row what it is, in their order."""
    return reduce(lambda a, b: join(a, b, columns), sources)


def share(rows: Rows, mine: Bools) -> Rows:
    """The rows of a state that are ``mine``, as a state of their own: the dominant ones among them
    stay dominant; where none is, their order is all that is known."""
    stamps = rows.stamps
    dominant = {}
    for stamp, length in rows.dominant.items():
        first, last = np.searchsorted(stamps, [stamp, stamp + 1])
        leading = int(mine[first : first + length].sum())
        if 0 < leading < int(mine[first:last].sum()):
            dominant[stamp] = leading
    return Rows(rows.frame.filter(mine), dominant)


def join(a: Rows, b: Rows, columns: Sequence[str]) -> Rows:
    """The join of two states."""
    import polars as pl

    if a.dominant == b.dominant and a.frame.equals(b.frame):
        return a
    first, second = (a, b) if a.stamps[0] <= b.stamps[0] else (b, a)
    if first.stamps[-1] < second.stamps[0]:
        return Rows(pl.concat([first.frame, second.frame]), first.dominant | second.dominant)
    return _Join(a, b, columns).result()


class _Groups:
    """Rows of one state, grouped by tick time."""

    def __init__(self, rows: Rows) -> None:
        self.stamps, self.starts, self.counts = np.unique(
            rows.stamps, return_index=True, return_counts=True
        )
        self.dominant = self.counts.copy()
        for stamp, length in rows.dominant.items():
            self.dominant[np.searchsorted(self.stamps, stamp)] = length


class _Join:
    """Two states that overlap in time. Tick times that one of them has alone, or that are the same
    in both, are taken as they are; Python looks at the others only."""

    def __init__(self, a: Rows, b: Rows, columns: Sequence[str]) -> None:
        import polars as pl

        self._columns = list(columns)
        self._both = pl.concat([a.frame, b.frame])
        self._a, self._b = _Groups(a), _Groups(b)
        self._height = a.frame.height
        self._dominant = dict(a.dominant) | dict(b.dominant)

    def result(self) -> Rows:
        """The joined state."""
        at_a, at_b = self._contested()
        same = self._same(at_a, at_b)
        taken_a = np.ones(len(self._a.stamps), np.bool_)
        taken_a[at_a[~same]] = False
        taken_b = np.ones(len(self._b.stamps), np.bool_)
        taken_b[at_b] = False
        order, rank = self._rank_differing(at_a[~same], at_b[~same])
        rows = [
            _members(self._a, np.flatnonzero(taken_a)),
            _members(self._b, np.flatnonzero(taken_b)) + self._height,
            order,
        ]
        # Whole groups come from one place each, in order: their own position ranks their rows.
        ranks = [np.arange(len(rows[0])), np.arange(len(rows[1])), rank]
        chosen = np.concatenate(rows)
        stamps = _stamps(self._both)[chosen]
        by_time = np.lexsort((np.concatenate(ranks), stamps))
        return Rows(self._both[chosen[by_time]], dict(sorted(self._dominant.items())))

    def _contested(self) -> tuple[Ints, Ints]:
        """Groups of a and of b with equal tick times."""
        _, at_a, at_b = np.intersect1d(
            self._a.stamps, self._b.stamps, assume_unique=True, return_indices=True
        )
        return at_a, at_b

    def _same(self, at_a: Ints, at_b: Ints) -> Bools:
        """Which contested groups are equal, row by row."""
        a, b = self._a, self._b
        same: Bools = (a.counts[at_a] == b.counts[at_b]) & (a.dominant[at_a] == b.dominant[at_b])
        alike = np.flatnonzero(same)
        if not len(alike):
            return same
        left = self._both[_members(a, at_a[alike])]
        right = self._both[_members(b, at_b[alike]) + self._height]
        equal = np.ones(left.height, np.bool_)
        for name in self._columns:
            equal &= left[name].eq_missing(right[name]).to_numpy()
        counts = a.counts[at_a[alike]]
        starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        same[alike] = np.logical_and.reduceat(equal, starts)
        return same

    def _rank_differing(self, at_a: Ints, at_b: Ints) -> tuple[Ints, Ints]:
        """Rows of the groups in which the states differ, and each row's rank in its group."""
        rows_a, rows_b = _members(self._a, at_a), _members(self._b, at_b) + self._height
        involved = np.concatenate((rows_a, rows_b))
        if not len(involved):
            return involved, involved
        keys = row_keys(self._both[involved].select(self._columns))
        order: list[int] = []
        others: list[int] = []
        position_a, position_b = 0, len(rows_a)
        for i, j in zip(at_a.tolist(), at_b.tolist(), strict=True):
            end_a = position_a + int(self._a.counts[i])
            end_b = position_b + int(self._b.counts[j])
            best, rest = _join_group(
                keys,
                (range(position_a, end_a), int(self._a.dominant[i])),
                (range(position_b, end_b), int(self._b.dominant[j])),
            )
            order += best
            others += rest
            stamp = int(self._a.stamps[i])
            self._dominant.pop(stamp, None)
            if rest:
                self._dominant[stamp] = len(best)
            position_a, position_b = end_a, end_b
        sorted_others = self._sort(involved[others])
        chosen = np.concatenate((involved[order], sorted_others)).astype(np.int64)
        return chosen, np.arange(len(chosen))

    def _sort(self, rows: Ints) -> Ints:
        """``rows`` by all columns: nulls first, NaN last."""
        import polars as pl

        if not len(rows):
            return rows
        both = self._both[rows]
        when = pl.Series(WHEN, _stamps(both))
        frame = both.select(self._columns).with_columns(when, pl.Series("__row", rows))
        ranked = frame.sort([WHEN, *self._columns], nulls_last=False)
        return ranked["__row"].to_numpy()


def _join_group(
    keys: Sequence[bytes], a: tuple[range, int], b: tuple[range, int]
) -> tuple[list[int], list[int]]:
    """Positions of the dominant sequence, and of the rows that only others have."""
    best = min(_sequence(a), _sequence(b), key=lambda rows: _quality(keys, rows))
    counts = _counts(keys, a) | _counts(keys, b)
    counts.subtract(keys[i] for i in best)
    place = {keys[i]: i for i in (*b[0], *a[0])}
    return best, [place[key] for key, count in counts.items() for _ in range(count)]


def _sequence(group: tuple[range, int]) -> list[int]:
    rows, dominant = group
    return list(rows[:dominant])


def _quality(keys: Sequence[bytes], rows: Sequence[int]) -> tuple[int, bytes]:
    return -len(rows), sequence_hash(keys[i] for i in rows)


def _counts(keys: Sequence[bytes], group: tuple[range, int]) -> Counter[bytes]:
    return Counter(keys[i] for i in group[0])


def _members(groups: _Groups, chosen: Ints) -> Ints:
    """The rows of the chosen groups, in order."""
    counts = groups.counts[chosen]
    total = int(counts.sum())
    ends = np.cumsum(counts)
    within = np.arange(total) - np.repeat(ends - counts, counts)
    return np.repeat(groups.starts[chosen], counts) + within
