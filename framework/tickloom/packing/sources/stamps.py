"""How fine the stamps of sources are: copies in seconds and in milliseconds share no row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import numpy as np

from tickloom.contracts import Contract
from tickloom.packing.sources.units import UnitResult
from tickloom.store.layout import PartitionKey

if TYPE_CHECKING:
    import polars as pl

STEPS: Final = {1_000_000: "whole seconds", 1_000: "milliseconds", 1: "microseconds"}
"""Microseconds to what stamps are then, coarsest first."""


def step_of(frame: pl.DataFrame, known: int) -> int:
    """The largest of :data:`STEPS` that all stamps of ``frame``, a reader's raw rows, are multiples
    of, at most ``known``; 0, before anything is known, is no bound. Other types have no step."""
    import polars as pl

    known = known or next(iter(STEPS))
    if known == 1 or "timestamp" not in frame.columns:
        return known
    stamps = frame["timestamp"]
    if not isinstance(stamps.dtype, pl.Datetime) or stamps.null_count() == len(stamps):
        return known
    micros = stamps.drop_nulls().cast(pl.Datetime("us")).cast(pl.Int64).to_numpy()
    return next(step for step in STEPS if step <= known and not np.any(micros % step))


def coarser(results: Iterable[UnitResult]) -> list[str]:
    """A sentence for each pair of units with rows of one contract and day whose stamps are not
    equally fine, the same pair once."""
    units: defaultdict[tuple[PartitionKey, Contract | None], list[UnitResult]] = defaultdict(list)
    for result in results:
        places: set[tuple[PartitionKey, Contract | None]] = {
            (found.key, found.contract) for found in result.bins
        }
        for place in places or {(key, None) for key in result.mixed}:
            units[place].append(result)
    found: dict[tuple[str, str], str] = {}
    for (key, _), there in units.items():
        coarse = max(there, key=lambda one: one.stamp_step)
        fine = min(there, key=lambda one: one.stamp_step)
        if coarse.stamp_step == fine.stamp_step:
            continue
        found.setdefault(
            (str(coarse.path), str(fine.path)),
            f"stamps of {coarse.path} are {STEPS[coarse.stamp_step]}, those of {fine.path} "
            f"{STEPS[fine.stamp_step]}, first on {key.date}: the same tick is another row in each",
        )
    return list(found.values())
