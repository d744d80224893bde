"""Kernels that go by quotes: a tick is a row with a bid and an ask, whose middle is its price."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from tests.engine.run_stores import MONDAY, TUESDAY, build, uneven_frame

import tickloom
from tickloom import KernelSpec, array_kernel, step_kernel
from tickloom.errors import UsageError
from tickloom.testing import KernelTests, session_ticks


class Params(NamedTuple):
    above: float = 55.0


def init(tick: Any, constants: Params) -> int:
    return 0


def step(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, 1 if tick.price > constants.above else 0


def loop(offsets: Any, columns: Any, constants: Params, wanted: Any) -> None:
    for row in range(len(wanted)):
        wanted[row] = columns.price[row] > constants.above


COLUMNS = ("price", "bp0", "sp0")
STEP = step_kernel("quoted", columns=COLUMNS, params=Params, init=init, step=step, ticks="quote")
ARRAY = array_kernel("quoted-array", columns=COLUMNS, params=Params, loop=loop, ticks="quote")
GRID = {"above": [54.5, 55.5]}
BOTH = pytest.mark.parametrize("spec", [STEP, ARRAY], ids=["step", "array"])


@pytest.fixture(scope="module")
def frames() -> dict[Any, pl.DataFrame]:
    """On Monday every third row has a last price, on Tuesday none."""
    rows = pl.int_range(pl.len())
    return {
        MONDAY: uneven_frame(MONDAY, 81).with_columns(
            price=pl.when(rows % 3 == 0).then(pl.col("price"))
        ),
        TUESDAY: uneven_frame(TUESDAY, 82).with_columns(price=pl.lit(None, pl.Float64)),
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, frames: dict[Any, pl.DataFrame]) -> Path:
    return build(tmp_path_factory.mktemp("quotes") / "store", frames)


def expected(frames: dict[Any, pl.DataFrame], above: float) -> tuple[float, int, int]:
    """Profit at the touch, trades and rows that are no ticks, by a plain loop."""
    pnl, trades, skipped = 0.0, 0, 0
    for frame in frames.values():
        for _, contract in frame.group_by("expiry", "opt_type", "strike", maintain_order=True):
            quotes = contract.select("bp0", "sp0").drop_nulls().rows()
            skipped += contract.height - len(quotes)
            bought = None
            for number, (bid, ask) in enumerate(quotes):
                wanted = number > 0 and (bid + ask) / 2.0 > above
                if wanted and bought is None:
                    bought, trades = ask, trades + 1
                if bought is not None and (not wanted or number == len(quotes) - 1):
                    pnl, bought = pnl + bid - bought, None
    return pnl, trades, skipped


@pytest.mark.parametrize("hot", [False, True])
@BOTH
def test_rows_without_a_last_price_are_ticks(
    store: Path, frames: dict[Any, pl.DataFrame], spec: KernelSpec, hot: bool
) -> None:
    pnl, trades, skipped = expected(frames, 55.0)
    found = tickloom.run(spec, store, fill="touch", hot=hot)
    assert (found.trades, found.rows_skipped) == (trades, skipped)
    assert found.trades > 0
    assert found.pnl == pytest.approx(pnl)
    assert found.partitions == 2
    assert found.summary()["ticks"] == "quote"


@BOTH
def test_sweeps_go_by_quotes_too(
    store: Path, frames: dict[Any, pl.DataFrame], spec: KernelSpec
) -> None:
    found = tickloom.sweep(spec, store, grid=GRID, fill="touch")
    for above, trades, pnl in found.table.select("above", "trades", "pnl").rows():
        wanted = expected(frames, above)
        assert trades == wanted[1]
        assert pnl == pytest.approx(wanted[0])
    assert found.summary()["ticks"] == "quote"


@BOTH
def test_nothing_is_filled_at_a_middle(store: Path, spec: KernelSpec) -> None:
    for run in (lambda: tickloom.run(spec, store), lambda: tickloom.sweep(spec, store, grid=GRID)):
        with pytest.raises(UsageError, match=r"goes by quotes.*'touch' or 'depth'; found 'last'"):
            run()


def test_without_both_quotes_there_is_no_such_tick() -> None:
    with pytest.raises(UsageError, match="takes its price from bp0 and sp0"):
        step_kernel(
            "quoted", columns=("price", "bp0"), params=Params, init=init, step=step, ticks="quote"
        )
    with pytest.raises(UsageError, match="ticks must be price or quote; found 'mid'"):
        step_kernel(
            "quoted",
            columns=COLUMNS,
            params=Params,
            init=init,
            step=step,
            ticks="mid",  # type: ignore[arg-type]
        )


def reference(ticks: Sequence[Any], params: Params) -> tuple[float, int]:
    """At the middle, as the kit fills."""
    pnl, trades, held = 0.0, 0, 0
    for i, tick in enumerate(ticks):
        middle = (tick.bp0 + tick.sp0) / 2.0
        if i:
            pnl += held * (middle - (ticks[i - 1].bp0 + ticks[i - 1].sp0) / 2.0)
            wanted = int(middle > params.above)
            trades += wanted > held
            held = wanted
    return pnl, trades


@BOTH
def test_the_kit_proves_them(spec: KernelSpec) -> None:
    kit, sets = KernelTests(), [Params(), Params(above=150.0)]
    ticks = session_ticks(spec.columns, contracts=6)
    kit.test_it_equals_its_reference_through_a_session(spec, reference, sets, ticks)
    kit.test_it_keeps_the_rules_through_a_session(spec, sets, ticks)
    kit.test_it_equals_its_reference(spec, reference, sets)
