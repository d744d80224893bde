"""The last entry of a series before a moment: strictly before, never nearest, never from later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Series:
    """Prices of the underlying on one day; ``n`` is their number."""

    stamps: Int64
    """``int64[n]``: when each was stamped, microseconds of the wall clock, ascending."""

    prices: Float64
    """``float64[n]``: usable prices, finite and above zero."""

    @classmethod
    def of(cls, stamps: Int64, prices: Float64) -> Series:
        """The usable ones of ``prices``, in the given order: a null, NaN, infinite, zero or
        negative price is no tick."""
        usable = np.isfinite(prices) & (prices > 0)
        return cls(stamps[usable], prices[usable])

    def as_of(self, moments: Int64, stale_us: int = 0) -> Float64:
        """``float64[m]``: the price as of each of ``moments``, NaN where there is none."""
        return taken(self.prices, entries_before(self.stamps, moments, stale_us))


def entries_before(stamps: Int64, moments: Int64, stale_us: int = 0) -> Int64:
    """``int64[m]``: for each moment the last of ``stamps`` that lies strictly before it, or -1.

    ``stamps`` ascend; of equal ones the last counts. Moments may have any order, and are found
    fastest where they ascend for long. One that is older than ``stale_us`` microseconds is none;
    0: it never gets too old.
    """
    found = np.searchsorted(stamps, moments, side="left") - 1
    if stale_us and len(stamps):
        found[(found >= 0) & (moments - stamps[found] > stale_us)] = -1
    return found


def taken(values: Float64, entries: Int64) -> Float64:
    """``values`` at ``entries``, NaN where an entry is -1."""
    return np.append(values, np.nan)[entries]
