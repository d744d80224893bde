"""The quick look at rows of many contracts: which of them need judgement, one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tickloom.contracts import Contract, Expiry
from tickloom.packing.rows.clean import Batch, days_listed
from tickloom.packing.rows.days import day_numbers
from tickloom.schema import PRICE_COLUMNS, QUANTITY_COLUMNS, RIGHTS

if TYPE_CHECKING:
    import polars as pl

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def suspicious_rows(
    batch: Batch,
    contracts: Sequence[tuple[Contract, Expiry]],
    ranks: Ints,
    is_open: Callable[[int], bool],
) -> Bools:
    """``bool[rows]``: which rows of ``batch`` the store may not take. ``ranks`` are places in
    ``contracts``; ``is_open`` says of a day since 1970 whether the exchange traded."""
    frame = batch.frame
    if frame["timestamp"].null_count():
        return np.ones(frame.height, np.bool_)
    odd = _days(frame, contracts, ranks, is_open)
    for name in PRICE_COLUMNS:
        smallest, finite = batch.extremes(name)
        if not finite or (smallest is not None and smallest < 0):
            price = frame[name]
            odd |= (~price.is_finite() | (price < 0)).fill_null(False).to_numpy()
    for name in QUANTITY_COLUMNS:
        least = frame[name].min()
        if least is not None and least < 0:  # type: ignore[operator]
            odd |= (frame[name] < 0).fill_null(False).to_numpy()
    return odd | _names(frame, [contract for contract, _ in contracts], ranks)


def _days(
    frame: pl.DataFrame,
    contracts: Sequence[tuple[Contract, Expiry]],
    ranks: Ints,
    is_open: Callable[[int], bool],
) -> Bools:
    days = day_numbers(frame)
    first, last = np.array([days_listed(expiry) for _, expiry in contracts]).T
    odd: Bools = (days < first[ranks]) | (days > last[ranks])
    closed = [day for day in np.unique(days[~odd]).tolist() if not is_open(day)]
    return odd | np.isin(days, closed)


def _names(frame: pl.DataFrame, contracts: Sequence[Contract], ranks: Ints) -> Bools:
    """Rows whose columns say something else than their contract's name."""
    import polars as pl

    strikes = np.array([contract.strike for contract in contracts], np.float32)
    rights = np.array([RIGHTS.index(contract.right) for contract in contracts])
    right = frame["opt_type"].to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    odd: Bools = (frame["strike"].fill_null(-1).to_numpy() != strikes[ranks]) | (
        right != rights[ranks]
    )
    monthly = np.array([contract.kind == "monthly" for contract in contracts])[ranks]
    for place, name in enumerate(("year", "month")):
        said = frame[name].cast(pl.Int64).fill_null(-1).to_numpy()
        named = np.array([int(contract.period.split("-")[place]) for contract in contracts])
        odd |= monthly & (said != named[ranks])
    return odd
