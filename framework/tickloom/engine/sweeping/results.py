"""What a sweep gives back: one row per parameter set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tickloom.engine.running.outcome import Outcome, unwritten, write_table
from tickloom.files import SYSTEM

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SweepResult(Outcome):
    """The outcome of :func:`tickloom.sweep`.

    ``table`` has one row per set in the grid's order: each parameter, ``trades``, ``pnl``. What
    counts partitions, contracts and rows is the same for every set.
    """

    grid: tuple[str, ...]
    """The parameters that vary, the last one fastest."""

    resumed: int
    """Partitions that an earlier, interrupted sweep had done; they are in the totals, but not in
    ``elapsed_s`` and ``row_params_per_s``."""

    rows_swept: int
    """Rows that this call ran over: ``rows`` without those of the earlier sweep."""

    SUMMARY: ClassVar[str] = (
        "kernel sets rows elapsed_s row_params_per_s best grid fill partitions contracts "
        "rows_skipped rows_read compile_s peak_rss_mb executor workers resumed latency "
        "stale_ms cost_model ticks"
    )

    def __repr__(self) -> str:
        varied = ", ".join(self.grid) or "nothing"
        return (
            f"<SweepResult {self.kernel}: {self.sets:,} sets of {varied}, {self.contracts:,} "
            f"contracts, {self.rows:,} rows in {self.elapsed_s:.3f} s>"
        )

    @property
    def sets(self) -> int:
        """Number of parameter sets."""
        return self.table.height

    @property
    def row_params_per_s(self) -> float:
        """Rows times sets over seconds."""
        return self.rows_swept * self.sets / self.elapsed_s if self.elapsed_s > 0 else 0.0

    def top(self, count: int) -> pl.DataFrame:
        """The ``count`` sets with the highest profit, best first; equal ones in grid order."""
        return self.table.sort("pnl", descending=True, nulls_last=True, maintain_order=True).head(
            count
        )

    @property
    def best(self) -> dict[str, Any]:
        """The set with the highest profit: ``params, trades, pnl``."""
        row = self.top(1).row(0, named=True)
        trades, pnl = row.pop("trades"), row.pop("pnl")
        return {"params": row, "trades": trades, "pnl": pnl}

    def heat(self) -> tuple[Sequence[Any], Sequence[Any], list[list[float]]] | None:
        """Values of the first and of the second parameter, and the profit for each pair of them
        (one list a value of the first); None unless exactly two parameters vary."""
        if len(self.grid) != 2:
            return None
        down = self.table[self.grid[0]].unique(maintain_order=True).to_list()
        across = self.table[self.grid[1]].unique(maintain_order=True).to_list()
        pnl, n = self.table["pnl"].to_list(), len(across)
        return down, across, [pnl[i * n : (i + 1) * n] for i in range(len(down))]

    def save(self, folder: Path) -> None:
        """Write ``result.json``, ``sets.parquet`` and ``sets.csv``.

        Raises :class:`TickloomError` if ``folder`` cannot be written.
        """
        try:
            write_table(self.table, folder / "sets.parquet")
            with SYSTEM.replacing(folder / "sets.csv") as fresh, fresh.open("wb") as file:
                self.table.write_csv(file)
            self.write_summary(folder)
        except OSError as error:
            raise unwritten(folder, error) from error
