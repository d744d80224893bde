"""Third documented design: sorted files, averages inline, boundaries from the rows (161.6 M rows/s
on 24 workers): the headline, and the yardstick that counts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit

from benchmarks.documented.cross_over import COLUMNS, Floats, Outcome


def loop(
    strikes: Floats,
    opt_types: npt.NDArray[np.uint32],
    prices: Floats,
    bid0: Floats,
    ask0: Floats,
    volume: Floats,
) -> tuple[float, int]:
    """PnL and trades over rows sorted by contract; a contract ends where strike or right changes,
    whatever the expiry does. All arrays have one element a row."""
    n = len(prices)
    total_pnl = 0.0
    total_trades = 0
    pos = 0
    entry_price = 0.0
    alpha5 = 2.0 / 6.0
    alpha21 = 2.0 / 22.0
    ema5 = prices[0]
    ema21 = prices[0]
    for i in range(1, n):
        price = prices[i]
        if strikes[i] != strikes[i - 1] or opt_types[i] != opt_types[i - 1]:
            if pos == 1:
                total_pnl += prices[i - 1] - entry_price
                pos = 0
            ema5 = price
            ema21 = price
            continue
        ema5 = price * alpha5 + ema5 * (1 - alpha5)
        ema21 = price * alpha21 + ema21 * (1 - alpha21)
        spread_ok = False
        if ask0[i] > 0.0 and bid0[i] > 0.0:
            mid = 0.5 * (ask0[i] + bid0[i])
            if mid > 0.0:
                spread_ok = (ask0[i] - bid0[i]) / mid <= 0.0005
        vol_ok = volume[i] >= 1.0
        if pos == 0:
            if (ema5 > ema21) and spread_ok and vol_ok:
                pos = 1
                entry_price = price
                total_trades += 1
        else:
            end_of_contract = (
                (i == n - 1) or strikes[i + 1] != strikes[i] or opt_types[i + 1] != opt_types[i]
            )
            if (ema21 >= ema5) or end_of_contract:
                total_pnl += price - entry_price
                pos = 0
    return total_pnl, total_trades


FAST: Final = njit(fastmath=True, nogil=True)(loop)
"""As documented. ``fastmath`` reorders the averages: on quiet contracts some signs change."""

STRICT: Final = njit(nogil=True)(loop)
"""The same loop with the arithmetic that is written there: what results are compared with."""


def read_arrays(path: Path) -> tuple[npt.NDArray[np.generic], ...]:
    """The arguments of :func:`loop` for one packed file, as the documented script makes them."""
    df = pl.read_parquet(path, columns=["strike", "opt_type", *COLUMNS])
    return (
        df["strike"].cast(pl.Float64).fill_null(0.0).to_numpy(),
        df["opt_type"].cast(pl.Categorical).to_physical().to_numpy(),
        *(df[name].cast(pl.Float64).fill_null(0.0).to_numpy() for name in COLUMNS),
    )


def run_file(path: Path) -> Outcome:
    """Run the strategy over one packed file, with ``fastmath`` as documented."""
    arrays = read_arrays(path)
    return Outcome(*FAST(*arrays), len(arrays[0]))


def run_file_strict(path: Path) -> Outcome:
    """Run the strategy over one packed file, with strict arithmetic."""
    arrays = read_arrays(path)
    return Outcome(*STRICT(*arrays), len(arrays[0]))
