"""First documented design: one filter over the whole file for each contract (2.5 M rows/s)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.documented.cross_over import COLUMNS, Outcome, total, trade_contracts

CONTRACT = ("strike", "expiry", "opt_type")


def run_file(path: Path) -> Outcome:
    """Run the strategy over one packed file."""
    df = pl.read_parquet(path, columns=[*CONTRACT, *COLUMNS])
    contracts = df.select(CONTRACT).unique(maintain_order=True)
    return total([_run_contract(df, *contract) for contract in contracts.iter_rows()])


def _run_contract(df: pl.DataFrame, strike: float, expiry: object, opt_type: str) -> Outcome:
    rows = df.filter(
        (pl.col("strike") == strike)
        & (pl.col("expiry") == expiry)
        & (pl.col("opt_type") == opt_type)
    )
    filled = rows.select(pl.col(COLUMNS).cast(pl.Float64).fill_null(0.0))
    price = filled["price"]
    pnl, trades = trade_contracts(
        np.zeros(len(price), np.uint64),
        price.to_numpy(),
        price.ewm_mean(span=5, adjust=False).to_numpy(),
        price.ewm_mean(span=21, adjust=False).to_numpy(),
        filled["bp0"].to_numpy(),
        filled["sp0"].to_numpy(),
        filled["volume"].to_numpy(),
    )
    return Outcome(pnl, trades, len(price))
