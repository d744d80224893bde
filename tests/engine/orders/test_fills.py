"""Fills, latency, stale quotes, costs and the trade log against plain Python."""

from __future__ import annotations

import random
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from tests.engine import scripted
from tests.engine.tick_slices import NS_PER_SECOND, TickSlice, in_pieces, random_slice
from tests.oracles.fills import Rules, Tick, Trade, run_contract

from tickloom import KernelSpec
from tickloom.engine.loading.kernel import (
    ContractResults,
    CostTerms,
    FillModel,
    Variant,
    load_kernel,
)
from tickloom.errors import PluginError

TERMS = CostTerms(
    multiplier=2.0, per_order=1.5, per_contract=0.25, buy_rate=0.0005, sell_rate=0.001
)
FILLS = (
    FillModel(),
    FillModel(latency_ticks=1),
    FillModel(latency_ticks=4),
    FillModel(latency_ns=2 * NS_PER_SECOND),
    FillModel(mode="touch"),
    FillModel(mode="touch", stale_ns=2 * NS_PER_SECOND),
    FillModel(mode="touch", latency_ticks=2),
    FillModel(mode="depth"),
    FillModel(mode="depth", latency_ns=NS_PER_SECOND, stale_ns=30 * NS_PER_SECOND),
)


def scripted_slice(seed: int, bound: int) -> TickSlice:
    ticks = random_slice(seed, (150, 1, 2, 0, 40, 260), gaps=0.08)
    chance = random.Random(seed)
    rows = int(ticks.offsets[-1])
    wanted: list[int] = []
    while len(wanted) < rows:
        wanted += [chance.randint(-bound, bound)] * chance.choice([1, 1, 2, 7])
    ticks.columns["qty"] = np.array(wanted[:rows])
    ticks.columns["oi"] = np.array([chance.randint(0, 3) for _ in range(rows)])
    _repeat_quotes(ticks, chance)
    ticks.hide_ends()
    return ticks


def _repeat_quotes(ticks: TickSlice, chance: random.Random) -> None:
    """A quarter of the ticks quote what the tick before did, so that quotes can grow stale."""
    for row in range(1, int(ticks.offsets[-1])):
        if chance.random() < 0.25:
            for name in ("bp0", "sp0"):
                ticks.columns[name][row] = ticks.columns[name][row - 1]


def expected(
    ticks: TickSlice, contract: int, fill: FillModel, costs: CostTerms | None, array: bool
) -> Any:
    rules = Rules(fill.mode, fill.latency_ticks, fill.latency_ns, fill.stale_ns)
    if costs is not None:
        rules.lot = costs.multiplier
        rules.per_order, rules.per_contract = costs.per_order, costs.per_contract
        rules.buy_rate, rules.sell_rate = costs.buy_rate, costs.sell_rate
    names = tuple(ticks.columns)
    rows = [dict(zip(names, row, strict=True)) for row in ticks.rows(contract, names)]

    def decide(tick: Tick, position: int) -> int:
        held = position == 2 and tick["oi"] % 2 == 1 and not array
        return 2 if held else int(tick["qty"])

    return run_contract(rows, decide, rules)


def run(
    spec: KernelSpec, ticks: TickSlice, fill: FillModel, costs: CostTerms | None, logged: bool
) -> ContractResults:
    kernel = load_kernel(spec, Variant.of(fill, costs=costs is not None, logged=logged))
    columns = ticks.arrays(kernel.required_columns)
    whole = kernel(scripted.Params(), ticks.offsets, columns, fill=fill, costs=costs)
    for cuts in ticks.cuts():
        pieces = in_pieces(columns, cuts)
        found = kernel(scripted.Params(), ticks.offsets, pieces, fill=fill, costs=costs)
        for field in fields(whole):
            np.testing.assert_array_equal(getattr(found, field.name), getattr(whole, field.name))
    return whole


@pytest.mark.parametrize("fill", FILLS, ids=repr)
@pytest.mark.parametrize(
    "spec", [scripted.ONE, scripted.SIZED, scripted.ARRAY], ids=lambda s: s.name
)
def test_every_model_equals_plain_python(spec: KernelSpec, fill: FillModel) -> None:
    logged = spec is scripted.SIZED
    costs = TERMS if logged else None
    array = spec is scripted.ARRAY
    seen = {"trades": 0, "unfilled": 0, "partial": 0}
    for seed in range(3):
        ticks = scripted_slice(seed, bound=spec.max_position)
        results = run(spec, ticks, fill, costs, logged)
        trades: list[tuple[int, Trade]] = []
        for contract in range(ticks.contracts):
            book, skipped = expected(ticks, contract, fill, costs, array)
            found = {name: getattr(results, name)[contract].item() for name in seen}
            assert found == {
                "trades": len(book.trades),
                "unfilled": book.unfilled,
                "partial": book.partial,
            }, f"seed {seed}, contract {contract}"
            assert results.skipped[contract] == skipped
            assert results.costs[contract] == pytest.approx(book.fees, rel=1e-12)
            assert results.pnl[contract] == pytest.approx(
                book.gross - book.fees, rel=1e-9, abs=1e-9
            )
            trades += [(contract, trade) for trade in book.trades]
            seen = {name: seen[name] + found[name] for name in seen}
        if logged:
            check_log(results, ticks, trades)
    assert seen["trades"] > 0
    if fill.mode != "last":
        assert seen["unfilled"] > 0
    if fill.mode == "depth" and spec.max_position > 1:
        assert seen["partial"] > 0


def check_log(results: ContractResults, ticks: TickSlice, trades: list[tuple[int, Trade]]) -> None:
    assert results.log is not None
    assert len(results.log) == len(trades)
    for found, (contract, trade) in zip(results.log, trades, strict=True):
        first = ticks.offsets[contract]
        assert found["contract"] == contract
        assert found["entry_row"] == first + trade.entry_row
        assert found["exit_row"] == first + trade.exit_row
        assert found["size"] == trade.size
        assert found["entry_price"] == pytest.approx(_mean(trade.opening), rel=1e-12)
        assert found["exit_price"] == pytest.approx(_mean(trade.closing), rel=1e-12)
        assert found["costs"] == pytest.approx(trade.fees, rel=1e-12)
        assert found["pnl"] == pytest.approx(trade.gain - trade.fees, rel=1e-9, abs=1e-9)


def _mean(fills: list[tuple[int, float]]) -> float:
    return sum(size * price for size, price in fills) / sum(size for size, _ in fills)


def test_a_log_and_costs_change_no_result() -> None:
    ticks = scripted_slice(7, bound=1)
    plain = run(scripted.ONE, ticks, FillModel(), None, logged=False)
    logged = run(scripted.ONE, ticks, FillModel(), None, logged=True)
    free = run(scripted.ONE, ticks, FillModel(), CostTerms(), logged=False)
    assert plain.pnl.tobytes() == logged.pnl.tobytes() == free.pnl.tobytes()


def test_a_long_log_is_kept_whole() -> None:
    rows = 9000
    price = np.linspace(1.0, 2.0, rows)
    wanted = np.arange(rows) % 2
    kernel = load_kernel(scripted.ARRAY, Variant(logged=True))
    results = kernel(scripted.Params(), np.array([0, rows]), [price, wanted])
    assert results.log is not None
    assert len(results.log) == results.trades.item() == rows // 2


def test_a_position_out_of_bounds_stops_the_run() -> None:
    price, wanted = np.ones(5), np.array([0, 1, 7, 0, 0])
    message = "wanted a position of 7 at row 2 of contract 0.*max_position is 3"
    with pytest.raises(PluginError, match=message):
        load_kernel(scripted.ARRAY)(scripted.Params(), np.array([0, 5]), [price, wanted])
    with pytest.raises(PluginError, match=message):
        load_kernel(scripted.SIZED)(
            scripted.Params(), np.array([0, 5]), [price, wanted, np.zeros(5, np.int64)]
        )
