"""Where sources disagree at one contract and second: counted and shown, never resolved.

The merge keeps each distinct row, so that it loses nothing and depends on no order. Two exports of
which one lacks a column, or has another value, or coarser stamps, then give each tick twice: that
has to be said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tickloom.contracts import Contract

if TYPE_CHECKING:
    import polars as pl

Ints = npt.NDArray[np.int64]

SECOND: Final = 1_000_000
"""Microseconds."""


@dataclass(slots=True)
class Disagreement:
    """What sources of one partition disagree about."""

    rows: int = 0
    """Rows that stand beside others of their second: those of all sources but the dominant one,
    and those with coarser stamps."""

    columns: Counter[str] = field(default_factory=Counter)
    """Rows by column that differs."""

    example: str = ""
    """One of them, for people."""

    units: set[int] = field(default_factory=set)
    """New units that have rows there."""

    with_stored: bool = False
    """Whether rows that the store has are among them."""

    def add(
        self, frame: pl.DataFrame, rows: Sequence[ContestedRows], columns: Iterable[str]
    ) -> None:
        """Count the contested ``rows`` of ``frame``; ``columns`` make a row what it is."""
        mine, others = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for one in rows:
            self._count(one)
            first, second = one.places(frame)
            mine += first
            others += second
        self._compare(frame, np.concatenate(mine), np.concatenate(others), rows, columns)

    def _count(self, one: ContestedRows) -> None:
        self.rows += one.coarse
        if one.coarse:
            self.columns["timestamp"] += one.coarse
            self.example = self.example or (
                f"{one.contract.title}: whole seconds in one source, fractions in another"
            )
        self.units |= one.units
        self.with_stored |= one.with_stored

    def _compare(
        self,
        frame: pl.DataFrame,
        mine: Ints,
        others: Ints,
        rows: Sequence[ContestedRows],
        columns: Iterable[str],
    ) -> None:
        self.rows += len(others)
        if not len(others):
            return
        for name in columns:
            first, second = frame[name].gather(mine), frame[name].gather(others)
            differs = first.ne_missing(second)
            count = int(differs.sum())
            if not count:
                continue
            self.columns[name] += count
            if not self.example:
                place = int(differs.arg_max() or 0)
                [owner] = [one for one in rows if one.has(int(others[place]))]
                at = frame["timestamp"][int(others[place])]
                self.example = (
                    f"{owner.contract.title} at {at}: {name} is {_value(first[place])} in one "
                    f"source and {_value(second[place])} in another"
                )


@dataclass(frozen=True, slots=True)
class ContestedRows:
    """The rows of one contract in a frame, some of which sources disagree about."""

    contract: Contract
    """The contract."""

    start: int
    """Its first row in the frame."""

    rows: int
    """Number of rows, by time."""

    dominant: Mapping[int, int]
    """Tick time (microseconds) to the number of dominant rows, where others' rows follow."""

    coarse: int
    """Rows with stamps in whole seconds in which another source has finer ones."""

    units: frozenset[int]
    """New units that have rows at those times."""

    with_stored: bool
    """Whether the store had rows of the contract."""

    def has(self, row: int) -> bool:
        """Whether the frame's ``row`` is one of them."""
        return self.start <= row < self.start + self.rows

    def places(self, frame: pl.DataFrame) -> tuple[list[Ints], list[Ints]]:
        """Places of dominant rows, and of the others' rows that each is compared with."""
        import polars as pl

        stamps = frame["timestamp"].slice(self.start, self.rows)
        stamps_us = stamps.cast(pl.Datetime("us")).to_physical().to_numpy()
        mine, others = [], []
        for stamp, length in self.dominant.items():
            first, last = np.searchsorted(stamps_us, [stamp, stamp + 1]) + self.start
            following = np.arange(first + length, last)
            others.append(following)
            mine.append(np.minimum(first + np.arange(len(following)), first + length - 1))
        return mine, others


def coarse_rows(seconds: Sequence[Ints], fine: Sequence[bool]) -> int:
    """How many rows of the sources with stamps in whole seconds lie in seconds in which one with
    finer stamps has rows. ``seconds`` are those of each source's rows; ``fine`` says which sources
    have finer stamps."""
    if all(fine) or not any(fine):
        return 0
    sources = list(zip(seconds, fine, strict=True))
    finer = np.unique(np.concatenate([one for one, has_fractions in sources if has_fractions]))
    return sum(
        int(np.isin(one, finer).sum()) for one, has_fractions in sources if not has_fractions
    )


def is_fine(stamps: Ints) -> bool:
    """Whether some of the ``stamps``, microseconds, are not whole seconds."""
    return bool((stamps % SECOND).any())


def _value(value: Any) -> str:
    return "missing" if value is None else str(value)
