"""Loops alone, single runs and sweeps: one thread, arrays in memory, boundaries known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.documented import presorted
from benchmarks.documented.cross_over import Outcome
from benchmarks.table.data import Stores
from benchmarks.table.interleaved import Contender, Timing, interleave

TIMED_ROWS = 30_000_000
"""Rows of one timing, over as many passes as that takes: 100 ms or so."""

FAST_SPANS, SLOW_SPANS = range(3, 11), range(15, 39, 3)
"""The pairs of spans of a sweep, 64 of them."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """One partition in memory."""

    offsets: npt.NDArray[np.int64]
    """Where each contract starts, and where the last one ends."""

    columns: dict[str, npt.NDArray[Any]]
    """Prices as float64, quantities as int64."""

    documented: tuple[npt.NDArray[Any], ...]
    """The arguments of the documented loop."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.offsets[-1])


def load_arrays(stores: Stores) -> Arrays:
    """The largest partition of the stores."""
    import polars as pl

    from tickloom import open_store

    partition = max(open_store(stores.product).partitions(), key=lambda p: p.rows)
    index = partition.index()
    offsets = [contract.first_row for contract in index.contracts] + [index.rows]
    names = ("price", "bp0", "sp0", "volume")
    frame = pl.read_parquet(partition.file(), columns=list(names)).rechunk()
    filled = frame.with_columns(pl.col("volume").fill_null(0), pl.col(pl.Float64).fill_null(np.nan))
    return Arrays(
        np.array(offsets, np.int64),
        {name: filled[name].to_numpy() for name in names},
        presorted.read_arrays(Path(stores.documented, partition.key.file())),
    )


def measure_loops(arrays: Arrays, repeats: int) -> list[Timing]:
    """The documented loop, strict and fast, and the one that the host makes of the step."""
    from tickloom.engine.loading.kernel import Variant, load_kernel
    from tickloom.engine.request.parameters import make_params
    from tickloom.host import get_host

    spec = get_host().kernels.get("ema-cross")
    kernel = load_kernel(spec, Variant())
    params = make_params(spec, {})
    columns = [arrays.columns[name] for name in kernel.required_columns]

    passes = max(1, TIMED_ROWS // arrays.rows)

    def generated() -> tuple[float, int]:
        results = kernel(params, arrays.offsets, columns)
        pnl = 0.0
        for value in results.pnl.tolist():
            pnl += value
        return pnl, int(results.trades.sum())

    def repeated(once: Callable[[], tuple[float, int]]) -> Callable[[], Outcome]:
        def work() -> Outcome:
            for _ in range(passes - 1):
                once()
            return Outcome(*once(), arrays.rows * passes)

        return work

    strict = repeated(lambda: presorted.STRICT(*arrays.documented))
    fast = repeated(lambda: presorted.FAST(*arrays.documented))
    contenders = [
        Contender("documented loop, strict", strict),
        Contender("documented loop, fastmath", fast, strict=False),
        Contender("tickloom's loop, strict", repeated(generated)),
    ]
    return interleave(contenders, repeats)


def measure_sweep(arrays: Arrays, repeats: int) -> list[Timing]:
    """64 pairs of spans: the host's plain loop for each, and all of them in one pass that shares
    their averages."""
    from tickloom.engine.loading.kernel import load_kernel
    from tickloom.engine.sweeping.kernel import load_sweep
    from tickloom.host import get_host

    spec, shared = (get_host().kernels.get(n) for n in ("ema-cross", "ema-cross-features"))
    kernel, sweep = load_kernel(spec), load_sweep(shared)
    sets = [spec.params()._replace(fast=f, slow=s) for f in FAST_SPANS for s in SLOW_SPANS]
    columns = [arrays.columns[name] for name in kernel.required_columns]

    def outcome(pnl: float, trades: int) -> Outcome:
        return Outcome(pnl, trades, arrays.rows * len(sets))

    def one_by_one() -> Outcome:
        results = [kernel(params, arrays.offsets, columns) for params in sets]
        return outcome(
            float(np.sum([result.pnl for result in results])),
            int(np.sum([result.trades for result in results])),
        )

    def one_pass() -> Outcome:
        results = sweep(sets, arrays.offsets, columns)
        return outcome(float(results.pnl.sum()), int(results.trades.sum()))

    contenders = [
        Contender("tickloom's loop, 64 times", one_by_one),
        Contender("tickloom's sweep, one pass", one_pass),
    ]
    return interleave(contenders, repeats)
