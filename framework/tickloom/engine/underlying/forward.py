"""The forward of an expiry by put-call parity, from the quotes of its options alone.

As of a moment, over the strikes whose call and put are both quoted on both sides, the one where the
middles of call and put differ least gives F = K + (C - P) * exp(rate * T).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tickloom.engine.underlying.asof import Float64, Int64, entries_before, taken

YEAR_US: Final = 365 * 24 * 3600 * 1_000_000
"""A year of 365 days, microseconds."""


@dataclass(frozen=True, slots=True)
class Quotes:
    """All quotes of one expiry on one day, contract after contract; ``n`` is their number."""

    stamps: Int64
    """``int64[n]``: microseconds of the wall clock, ascending within a contract."""

    strikes: Float64
    """``float64[n]``: strike of the contract."""

    calls: npt.NDArray[np.bool_]
    """``bool[n]``: True for calls."""

    middles: Float64
    """``float64[n]``: as :func:`middles` gives them."""


@dataclass(frozen=True, slots=True)
class Parity:
    """What put-call parity says after each stamp of an expiry; ``n`` is their number."""

    stamps: Int64
    """``int64[n]``: microseconds of the wall clock, ascending, each once."""

    strikes: Float64
    """``float64[n]``: the strike whose call and put differ least; NaN where no strike has both
    quoted."""

    differences: Float64
    """``float64[n]``: middle of its call less middle of its put; NaN likewise."""

    def as_of(
        self, moments: Int64, stale_us: int = 0, rate: float = 0.0, settlement_us: int | None = None
    ) -> Float64:
        """``float64[m]``: the forward as of each of ``moments``, NaN where there is none.

        It is stale where none of the expiry's options ticked for ``stale_us`` microseconds; 0:
        never. ``rate`` is per year and compounds continuously, up to the moment ``settlement_us``,
        which it needs; after that no time is left.
        """
        entries = entries_before(self.stamps, moments, stale_us)
        strikes, differences = taken(self.strikes, entries), taken(self.differences, entries)
        if rate and settlement_us is not None:
            years = np.maximum(settlement_us - moments, 0) / YEAR_US
            differences = differences * np.exp(rate * years)
        return strikes + differences


def middles(bids: Float64, asks: Float64) -> Float64:
    """``float64[n]``: (bid + ask) / 2; NaN unless both are positive, finite and not crossed."""
    quoted = (bids > 0) & (asks >= bids) & (asks < np.inf)
    result = np.full(len(bids), np.nan)
    np.divide(bids + asks, 2.0, out=result, where=quoted)
    return result


def parity(quotes: Quotes) -> Parity:
    """The parity of an expiry after each of its stamps, in one compiled pass."""
    strikes = np.intersect1d(quotes.strikes[quotes.calls], quotes.strikes[~quotes.calls])
    order = np.argsort(quotes.stamps, kind="stable")  # of equal stamps, each contract's last counts
    stamps = quotes.stamps[order]
    slots = np.searchsorted(strikes, quotes.strikes)
    slots[~np.isin(quotes.strikes, strikes)] = -1
    last_of_stamp = np.append(stamps[1:] != stamps[:-1], True) if len(stamps) else stamps == 0
    found, differences = np.full((2, int(last_of_stamp.sum())), np.nan)
    _compiled()(
        slots[order],
        quotes.calls[order],
        quotes.middles[order],
        last_of_stamp,
        len(strikes),
        best := np.empty(len(found), np.int64),
        differences,
    )
    quoted = best >= 0
    found[quoted] = strikes[best[quoted]]
    return Parity(stamps[last_of_stamp], found, differences)


def parity_pass(
    slots: Int64,
    calls: npt.NDArray[np.bool_],
    mids: Float64,
    last_of_stamp: npt.NDArray[np.bool_],
    strikes: int,
    best_strikes: Int64,
    differences: Float64,
) -> None:
    """Goes through quotes by time. ``slots`` says the number of each one's strike, -1 for strikes
    that lack a call or a put; after each row that is the last of its stamp, the number of the best
    strike (or -1) and the difference there (or NaN) are written.

    The best strike is kept as quotes come, and looked for among all only where its own got worse.
    """
    call_mids, put_mids = np.full(strikes, np.nan), np.full(strikes, np.nan)
    gaps = np.full(strikes, np.inf)
    best, lost, written = -1, False, 0
    for row in range(len(slots)):
        strike = slots[row]
        if strike >= 0:
            if calls[row]:
                call_mids[strike] = mids[row]
            else:
                put_mids[strike] = mids[row]
            gap = abs(call_mids[strike] - put_mids[strike])
            if not gap < np.inf:
                gap = np.inf
            if strike == best:
                lost = lost or gap > gaps[strike]
            elif not lost and (gap, strike) < (gaps[best] if best >= 0 else np.inf, best):
                best = strike
            gaps[strike] = gap
        if last_of_stamp[row]:
            if lost:
                best, lost = -1, False
                least = np.inf
                for each in range(strikes):
                    if gaps[each] < least:
                        best, least = each, gaps[each]
            best_strikes[written] = best
            differences[written] = call_mids[best] - put_mids[best] if best >= 0 else np.nan
            written += 1


@cache
def _compiled() -> Any:
    """The pass as machine code. Compiled where it is first called for: 0.6 s a process."""
    import numba

    return numba.njit(fastmath=False, nogil=True)(parity_pass)
