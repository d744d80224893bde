"""What a run gives back: totals, one row per contract, and the trade log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from tickloom.errors import UsageError
from tickloom.schema import KINDS, RIGHTS
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.contract_columns import EPOCH, ContractColumns

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class SkippedPartition:
    """A partition that a run left out: a column that the kernel needs has no values there."""

    partition: str
    """``DATE/UNDERLYING``."""

    column: str
    """The first such column."""

    rows: int
    """Selected rows that were left out with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The outcome of :func:`tickloom.run`."""

    kernel: str
    """Name of the kernel."""

    params: Mapping[str, int | float | bool]
    """Every parameter with its value."""

    fill: str
    """The fill mode."""

    latency: str
    """Between a decision and its order's arrival: ticks (``'3'``) or milliseconds (``'250ms'``)."""

    stale_ms: float
    """Milliseconds after which an unchanged quote fills nothing; 0: never."""

    cost_model: str
    """What fills paid, as ``costs`` takes it, with the amounts that were not said."""

    partitions: int
    """Partitions run over."""

    contracts: int
    """Contracts run over; one on two days counts twice."""

    rows: int
    """Rows run over, skipped ones included."""

    rows_skipped: int
    """Rows without a usable price, which the kernel never saw."""

    rows_read: int
    """Rows taken from the files: more than ``rows`` where unselected contracts lie between."""

    trades: int
    """Trades opened."""

    pnl: float
    """Profit: price points times contracts, or money after costs. The contracts' profits, added
    one after another in the store's order."""

    costs: float
    """Costs paid, currency; 0 without a cost model."""

    unfilled: int
    """Ticks at which an order found no usable quote."""

    partial: int
    """Fills smaller than the order."""

    partitions_skipped: tuple[SkippedPartition, ...]
    """Partitions left out, in the store's order."""

    executor: str
    """What the work was spread over."""

    workers: int
    """How many workers there were."""

    hot_partitions: int
    """Partitions that were read from the hot tier."""

    elapsed_s: float
    """Seconds from the first look at the store to the last result, without loading or compiling
    the kernel and without building hot files."""

    compile_s: float
    """Seconds spent compiling; 0 when the kernel came from the cache."""

    peak_rss_mb: float
    """The most memory used, 2**20 bytes; worker processes are added up."""

    table: pl.DataFrame = field(repr=False)
    """One row per contract in the store's order: ``date, underlying, expiry, expiry_type,
    opt_type, strike, rows, rows_skipped, trades, pnl, costs, unfilled, partial``."""

    trade_log: pl.DataFrame | None = field(repr=False, default=None)
    """One row per trade by contract and entry: the contract's columns, ``entry_time, exit_time``
    (wall clock), ``entry_row, exit_row`` (of the partition's file), ``size`` (negative: short),
    ``entry_price, exit_price, pnl, costs``. None unless it was asked for."""

    @property
    def rows_per_s(self) -> float:
        """``rows`` over ``elapsed_s``."""
        return self.rows / self.elapsed_s if self.elapsed_s > 0 else 0.0

    def summary(self) -> dict[str, Any]:
        """The totals as plain values: what ``--json`` prints."""
        totals = (
            "kernel params fill partitions contracts rows rows_skipped trades pnl elapsed_s "
            "compile_s rows_per_s peak_rss_mb rows_read costs unfilled partial executor workers "
            "hot_partitions latency stale_ms cost_model"
        )
        return {name: getattr(self, name) for name in totals.split()} | {
            "params": dict(self.params),
            "partitions_skipped": [
                {"partition": s.partition, "column": s.column, "rows": s.rows}
                for s in self.partitions_skipped
            ],
        }

    def save(self, folder: Path) -> None:
        """Write ``result.json``, ``contracts.parquet`` and, with a trade log, ``trades.parquet``.

        Raises :class:`UsageError` if ``folder`` cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.table.write_parquet(folder / "contracts.parquet")
            if self.trade_log is not None:
                self.trade_log.write_parquet(folder / "trades.parquet")
            encoded = msgspec.json.format(msgspec.json.encode(self.summary()), indent=2)
            (folder / "result.json").write_bytes(encoded + b"\n")
        except OSError as error:
            raise UsageError(f"cannot write the results to {folder}: {error}") from error


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
    import pyarrow as pa

    held = pa.py_buffer(np.ascontiguousarray(values))
    kind = pa.from_numpy_dtype(values.dtype)
    return pl.Series(name, pa.Array.from_buffers(kind, len(values), [None, held]))
