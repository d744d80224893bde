"""What a run gives back: totals, one row per contract, and the trade log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tickloom.engine.running.outcome import Outcome, unwritten, write_table

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RunResult(Outcome):
    """The outcome of :func:`tickloom.run`.

    ``table`` has one row per contract in the store's order: ``date, underlying, expiry,
    expiry_type, opt_type, strike, rows, rows_skipped, trades, pnl, costs, unfilled, partial``.
    """

    params: Mapping[str, int | float | bool]
    """Every parameter with its value."""

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

    hot_partitions: int
    """Partitions that were read from the hot tier."""

    trade_log: pl.DataFrame | None = field(repr=False, default=None)
    """One row per trade by contract and entry: the contract's columns, ``entry_time, exit_time``
    (wall clock), ``entry_row, exit_row`` (of the partition's file), ``size`` (negative: short),
    ``entry_price, exit_price, pnl, costs``. None unless it was asked for."""

    SUMMARY: ClassVar[str] = (
        "kernel params fill partitions contracts rows rows_skipped trades pnl elapsed_s "
        "compile_s rows_per_s peak_rss_mb rows_read costs unfilled partial executor workers "
        "hot_partitions latency stale_ms cost_model ticks"
    )

    def __repr__(self) -> str:
        given = "".join(f" {name}={value}" for name, value in self.params.items())
        paid = "" if self.cost_model == "none" else f" after costs of {self.costs:,.2f}"
        return (
            f"<RunResult {self.kernel}{given}: {self.trades:,} trades, PnL {self.pnl:,.2f}{paid}, "
            f"{self.contracts:,} contracts, {self.rows:,} rows in {self.elapsed_s:.3f} s>"
        )

    @property
    def rows_per_s(self) -> float:
        """``rows`` over ``elapsed_s``."""
        return self.rows / self.elapsed_s if self.elapsed_s > 0 else 0.0

    def save(self, folder: Path) -> None:
        """Write ``result.json``, ``contracts.parquet`` and, with a trade log, ``trades.parquet``.

        Raises :class:`TickloomError` if ``folder`` cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_table(self.table, folder / "contracts.parquet")
            if self.trade_log is not None:
                write_table(self.trade_log, folder / "trades.parquet")
            self.write_summary(folder)
        except OSError as error:
            raise unwritten(folder, error) from error
