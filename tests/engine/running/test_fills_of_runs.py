"""Fills, latency, stale quotes and costs from what a user says down to the loop and back, over a
packed store and for each kind of kernel: the plain Python account of the same rows."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from tests.engine import scripted
from tests.engine.booked_stores import accounts, contracts_of, packed_store
from tests.engine.scripted import each_kernel
from tests.oracles.charges import contract_note
from tests.oracles.fills import Book, Rules, Trade
from tests.programs import needs_cc

import tickloom
from tickloom import KernelSpec
from tickloom.cli.main import cli
from tickloom.engine.request import resolve as request
from tickloom.host import get_host

MS = 1_000_000
FRIDAY = dt.date(2025, 8, 1)
CRORE = 10**7


@dataclass
class Case:
    """What a user says, to Python and on the command line, and what it means."""

    arguments: dict[str, Any]
    options: list[str]
    rules: Rules
    said: dict[str, Any] = field(default_factory=dict)
    """What the results say of it, where that is not the default."""
    shown: str = ""
    """The words of the summary for people."""


def nse(**more: Any) -> Rules:
    """NSE's charges and lot size on the store's days, 20 rupees an order, by the circulars."""
    rates = {f"{side}_rate": contract_note(FRIDAY, side, CRORE, 0) / CRORE for side in SIDES}
    per_order = contract_note(FRIDAY, "buy", 0, 20)
    return Rules(lot=35, per_order=per_order, **rates, **more)


SIDES = ("buy", "sell")
CASES = {
    "ticks": Case(
        {"latency": 2},
        ["--latency", "2"],
        Rules(latency_ticks=2),
        {"latency": "2"},
        "last, latency 2 ticks",
    ),
    "time": Case(
        {"latency": "2500ms"},
        ["--latency", "2500ms"],
        Rules(latency_ns=2500 * MS),
        {"latency": "2500ms"},
        "last, latency 2500ms",
    ),
    "fee": Case(
        {"costs": "fee=1.5,lot=75"},
        ["--costs", "fee=1.5,lot=75"],
        Rules(per_contract=1.5, lot=75),
        {"cost_model": "fee=1.5,lot=75"},
        "last",
    ),
    "touch": Case(
        {"fill": "touch"}, ["--fill", "touch"], Rules("touch"), {"fill": "touch"}, "touch"
    ),
    "stale": Case(
        {"fill": "touch", "stale_ms": 2000.5},
        ["--fill", "touch", "--stale-ms", "2000.5"],
        Rules("touch", stale_ns=2_000_500_000),
        {"fill": "touch", "stale_ms": 2000.5},
        "touch, quotes stale after 2000.5 ms",
    ),
    "touch in time": Case(
        {"fill": "touch", "latency": "1500ms", "stale_ms": 4000, "costs": "nse"},
        ["--fill", "touch", "--latency", "1500ms", "--stale-ms", "4000", "--costs", "nse"],
        nse(mode="touch", latency_ns=1500 * MS, stale_ns=4000 * MS),
        {
            "fill": "touch",
            "latency": "1500ms",
            "stale_ms": 4000.0,
            "cost_model": "nse,brokerage=20",
        },
        "touch, latency 1500ms, quotes stale after 4000 ms",
    ),
    "depth": Case(
        {"fill": "depth"}, ["--fill", "depth"], Rules("depth"), {"fill": "depth"}, "depth"
    ),
    "lots": Case(
        {"fill": "depth", "costs": "brokerage=20,lot=35"},
        ["--fill", "depth", "--costs", "brokerage=20,lot=35"],
        Rules("depth", per_order=20, lot=35),
        {"fill": "depth", "cost_model": "brokerage=20,lot=35"},
        "depth",
    ),
    "all": Case(
        {"fill": "depth", "latency": 1, "stale_ms": 4000, "costs": "nse"},
        ["--fill", "depth", "--latency", "1", "--stale-ms", "4000", "--costs", "nse"],
        nse(mode="depth", latency_ticks=1, stale_ns=4000 * MS),
        {"fill": "depth", "latency": "1", "stale_ms": 4000.0, "cost_model": "nse,brokerage=20"},
        "depth, latency 1 ticks, quotes stale after 4000 ms",
    ),
}
DEFAULTS = {"fill": "last", "latency": "0", "stale_ms": 0.0, "cost_model": "none"}

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed_store(tmp_path_factory.mktemp("fills"), seed=8)


@pytest.fixture
def _scripted_are_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = {spec.name: spec for spec in (scripted.SIZED, scripted.ARRAY, scripted.NATIVE)}
    kernels = SimpleNamespace(get=offered.__getitem__)
    host = SimpleNamespace(kernels=kernels, executors=get_host().executors)
    monkeypatch.setattr(request, "get_host", lambda: host)


@each_case
@each_kernel
def test_each_contract_s_account_is_the_plain_one(
    store: Path, kernel: KernelSpec, case: Case
) -> None:
    result = tickloom.run(kernel, store, log=True, **case.arguments)
    wanted = accounts(store, case.rules)
    counts = result.table.select("trades", "unfilled", "partial", "rows_skipped").rows()
    assert counts == [(len(b.trades), b.unfilled, b.partial, skipped) for b, skipped in wanted]
    assert result.table["costs"].to_list() == pytest.approx([b.fees for b, _ in wanted], rel=1e-12)
    profits = [b.gross - b.fees for b, _ in wanted]
    assert result.table["pnl"].to_list() == pytest.approx(profits, rel=1e-9, abs=1e-9)
    assert sum(b.unfilled for b, _ in wanted) > 0 or case.rules.mode == "last"
    assert sum(b.partial for b, _ in wanted) > 0 or case.rules.lot == 1 or "depth" not in case.shown
    assert result.trade_log is not None
    check_log(result.trade_log, store, [book for book, _ in wanted])


def check_log(log: pl.DataFrame, store: Path, books: list[Book]) -> None:
    contracts = list(contracts_of(store))
    wanted: list[tuple[Any, ...]] = []
    prices: list[float] = []
    for first, ticks, book in zip(first_rows(contracts), contracts, books, strict=True):
        for trade in book.trades:
            times = (ticks[row]["timestamp"] for row in (trade.entry_row, trade.exit_row))
            rows = (first + trade.entry_row, first + trade.exit_row)
            wanted.append((ticks[0]["strike"], ticks[0]["opt_type"], *times, *rows, trade.size))
            prices += [mean(trade.opening), mean(trade.closing), trade.fees, gain(trade)]
    names = ("strike", "opt_type", "entry_time", "exit_time", "entry_row", "exit_row", "size")
    assert log.select(names).rows() == wanted
    found = log.select("entry_price", "exit_price", "costs", "pnl").rows()
    assert [each for row in found for each in row] == pytest.approx(prices, rel=1e-9, abs=1e-9)


def first_rows(contracts: list[list[dict[str, Any]]]) -> list[int]:
    """Of each contract, in the file of its day."""
    found, day, row = [], None, 0
    for ticks in contracts:
        if ticks[0]["timestamp"].date() != day:
            day, row = ticks[0]["timestamp"].date(), 0
        found.append(row)
        row += len(ticks)
    return found


def mean(fills: list[tuple[int, float]]) -> float:
    return sum(size * price for size, price in fills) / sum(size for size, _ in fills)


def gain(trade: Trade) -> float:
    return trade.gain - trade.fees


@needs_cc
@each_case
def test_a_step_an_array_and_a_c_kernel_give_the_same_bits(store: Path, case: Case) -> None:
    step, array, native = (
        tickloom.run(spec, store, log=True, **case.arguments)
        for spec in (scripted.SIZED, scripted.ARRAY, scripted.NATIVE)
    )
    for other in (array, native):
        assert other.table.equals(step.table)
        assert other.trade_log is not None
        assert step.trade_log is not None
        assert other.trade_log.equals(step.trade_log)
        assert (other.pnl, other.costs) == (step.pnl, step.costs)


@needs_cc
@pytest.mark.parametrize("costs", ["none", "nse"])
def test_the_built_in_crossover_gives_the_same_bits_in_c(store: Path, costs: str) -> None:
    params = {"max_spread": 0.02, "fast": 2, "slow": 5}
    step, array, native = (
        tickloom.run(name, store, params=params, costs=costs, log=True)
        for name in ("ema-cross", "ema-cross-array", "ema-cross-c")
    )
    assert step.trades > 20
    for other in (array, native):
        assert other.table.equals(step.table)
        assert other.trade_log is not None
        assert step.trade_log is not None
        assert other.trade_log.equals(step.trade_log)


@each_case
@pytest.mark.usefixtures("_scripted_are_registered")
def test_the_command_line_says_and_means_the_same(store: Path, case: Case) -> None:
    arguments = ["run", "scripted", str(store), *case.options]
    found = json.loads(printed([*arguments, "--json"]))
    wanted = accounts(store, case.rules)
    books = [book for book, _ in wanted]
    assert {name: found[name] for name in DEFAULTS} == DEFAULTS | case.said
    totals = {
        "trades": sum(len(book.trades) for book in books),
        "unfilled": sum(book.unfilled for book in books),
        "partial": sum(book.partial for book in books),
        "rows_skipped": sum(skipped for _, skipped in wanted),
    }
    assert {name: found[name] for name in totals} == totals
    assert found["costs"] == pytest.approx(sum(book.fees for book in books), rel=1e-9)
    profit = sum(book.gross - book.fees for book in books)
    assert found["pnl"] == pytest.approx(profit, rel=1e-9, abs=1e-9)
    lines = dict(line.split(":", 1) for line in printed(arguments).splitlines())
    shown = {name: text.strip() for name, text in lines.items()}
    assert shown["Fill"] == case.shown
    assert shown["Total trades"] == f"{totals['trades']:,}"
    after = f" after costs of {found['costs']:,.2f} ({found['cost_model']})"
    money = after if "cost_model" in case.said else ""
    assert shown["Total PnL"] == f"{found['pnl']:,.2f}{money}"
    tally = f"{totals['unfilled']:,} ticks, {totals['partial']:,} partial fills"
    assert shown.get("Unfilled") == (None if case.rules.mode == "last" else tally)


@pytest.mark.usefixtures("_scripted_are_registered")
def test_a_sweep_says_how_orders_were_filled(store: Path) -> None:
    arguments = ["sweep", "scripted", str(store), "--grid", "bound=3", *CASES["all"].options]
    found = json.loads(printed([*arguments, "--json"]))
    assert {name: found[name] for name in DEFAULTS} == CASES["all"].said
    run = tickloom.run(scripted.SIZED, store, **CASES["all"].arguments)
    assert (found["best"]["trades"], found["best"]["pnl"]) == (run.trades, run.pnl)
    assert f"fill {CASES['all'].shown}; costs nse,brokerage=20" in printed(arguments)


def test_each_rule_makes_a_difference(store: Path) -> None:
    """Otherwise a rule that is dropped on the way would not be seen."""
    plain = {mode: accounts(store, Rules(mode)) for mode in ("last", "touch", "depth")}
    for case in CASES.values():
        if case.rules != Rules(case.rules.mode):
            assert accounts(store, case.rules) != plain[case.rules.mode]
    assert len({str(accounts(store, case.rules)) for case in CASES.values()}) == len(CASES)


def printed(arguments: list[str]) -> str:
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout
