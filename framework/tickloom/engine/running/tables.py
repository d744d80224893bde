"""Results as tables: one row per contract, one row per trade."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tickloom.arrow import array_of
from tickloom.schema import KINDS, RIGHTS
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.contract_columns import EPOCH, ContractColumns

if TYPE_CHECKING:
    import polars as pl


def in_order(values: npt.NDArray[np.float64]) -> float:
    """The sum, added one after another: ``numpy.sum`` pairs, Python's ``sum`` compensates."""
    return float(np.cumsum(values)[-1]) if len(values) else 0.0


def contract_table(
    partitions: Sequence[tuple[PartitionKey, ContractColumns]],
    results: npt.NDArray[np.void],
) -> pl.DataFrame:
    """One row per contract; ``partitions`` pairs each with its contracts."""
    import polars as pl

    columns = [ContractColumns.of(()), *(contracts for _, contracts in partitions)]

    def joined(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(each, name) for each in columns])

    days = np.array([key.date.toordinal() - EPOCH for key, _ in partitions], np.int64)
    names = [key.underlying for key, _ in partitions]
    places = np.repeat(np.arange(len(names)), [len(contracts) for _, contracts in partitions])
    return pl.DataFrame(
        [
            _series("date", days[places]).cast(pl.Date),
            pl.Series("underlying", names, pl.String)[_series("", places)],
            _series("expiry", joined("expiries")).cast(pl.Date),
            _chosen("expiry_type", KINDS, joined("monthly")),
            _chosen("opt_type", RIGHTS, ~joined("calls")),
            _series("strike", joined("strikes")),
            _series("rows", joined("rows")),
            _series("rows_skipped", results["skipped"]),
            *(_series(n, results[n]) for n in ("trades", "pnl", "costs", "unfilled", "partial")),
        ]
    )


def trade_table(table: pl.DataFrame, log: npt.NDArray[np.void]) -> pl.DataFrame:
    """One row per trade; ``log["contract"]`` counts the rows of ``table``."""
    import polars as pl

    contract = ["date", "underlying", "expiry", "expiry_type", "opt_type", "strike"]
    named = table.select(contract)[_series("", log["contract"])]
    times = {"entry_time": log["entry_ns"], "exit_time": log["exit_ns"]}
    fields = ("entry_row", "exit_row", "size", "entry_price", "exit_price", "pnl", "costs")
    return named.with_columns(
        *(_series(name, ns).cast(pl.Datetime("ns")) for name, ns in times.items()),
        *(_series(name, log[name]) for name in fields),
    )


def _chosen(name: str, values: tuple[str, str], second: npt.NDArray[np.bool_]) -> pl.Series:
    """The first or the second of two ``values`` in each row."""
    return _enum(values)[_series("", second.astype(np.int64))].alias(name)


@lru_cache
def _enum(values: tuple[str, str]) -> pl.Series:
    import polars as pl

    return pl.Series(values, dtype=pl.Enum(values))


def _series(name: str, values: npt.NDArray[Any]) -> pl.Series:
    """Numbers as a series, by their bytes: of an array Polars asks NumPy for masked values, which
    imports a module that takes a fresh process longer than its run over a million rows."""
    import polars as pl

    return pl.Series(name, array_of(values))
