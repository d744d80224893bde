"""Parity first: a kernel that computes something else is not worth timing.

A step or array kernel is compared with its author's own Python, run by the interpreter; a native
one, which has none, with itself contract by contract.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np

from tickloom.bench.ticks import Ticks
from tickloom.engine.kernels.columns import field_kind
from tickloom.engine.kernels.constants import prepare_constants
from tickloom.engine.loading.kernel import CompiledKernel, ContractResults
from tickloom.engine.loops.whole_step import plain_step
from tickloom.errors import PluginError
from tickloom.specs.kernel import KernelSpec

CONTRACTS, ROWS = 25, 400
"""How much of the ticks is checked: Python takes about a microsecond a tick and operation."""


class Parity(NamedTuple):
    """What agreed."""

    rows: int
    """Rows that were compared."""

    trades: int
    """Trades among them; a comparison without any shows little."""


def check_parity(
    compiled: CompiledKernel,
    ticks: Ticks,
    params: Any,
    *,
    contracts: int = CONTRACTS,
    rows: int = ROWS,
) -> Parity:
    """Compare the first ``rows`` ticks of the first ``contracts`` contracts.

    Raises :class:`PluginError` with the first contract that does not agree.
    """
    sample = ticks.first(contracts, rows)
    found = run_ticks(compiled, sample, params)
    for number in range(len(sample.offsets) - 1):
        pnl, trades = _expected(compiled, sample, number, params)
        if int(found.trades[number]) != trades or not np.isclose(
            found.pnl[number], pnl, rtol=1e-9, atol=1e-6
        ):
            raise PluginError(
                f"kernel {compiled.spec.name!r} fails the parity check at contract {number}: "
                f"compiled it gives {found.trades[number]} trades and {found.pnl[number]:.6f}, "
                f"expected {trades} and {pnl:.6f}; nothing was timed. Run its KernelTests."
            )
    return Parity(sample.rows, int(found.trades.sum()))


def run_ticks(compiled: CompiledKernel, ticks: Ticks, params: Any) -> ContractResults:
    """Run a kernel over ticks in memory."""
    columns = ticks.arrays(compiled.required_columns)
    facts = ticks.facts if compiled.needs_facts else None
    return compiled(params, ticks.offsets, columns, facts=facts)


def _expected(
    compiled: CompiledKernel, sample: Ticks, number: int, params: Any
) -> tuple[float, int]:
    spec = compiled.spec.serving(params)
    if spec.kind == "native":
        alone = run_ticks(compiled, sample.contract(number), params)
        return float(alone.pnl[0]), int(alone.trades[0])
    ticks = sample.usable(spec, number)
    constants = prepare_constants(spec, params)
    wanted = _stepped(spec, ticks, constants) if spec.step else _looped(spec, ticks, constants)
    return _account([tick.price for tick in ticks], wanted)


def _stepped(spec: KernelSpec, ticks: list[Any], constants: Any) -> list[int]:
    """The wanted position at each tick, by the author's ``init`` and ``step``."""
    if not ticks:
        return []
    whole = plain_step(spec)
    state, position, wanted = whole.init(ticks[0], constants), 0, [0]
    for tick in ticks[1:]:
        state, position = whole.step(state, tick, position, constants)
        wanted.append(int(position))
    return wanted


def _looped(spec: KernelSpec, ticks: list[Any], constants: Any) -> list[int]:
    """The wanted position at each tick, by the author's loop."""
    assert spec.loop is not None
    wanted = np.zeros(len(ticks), np.int32)
    spec.loop(np.array([0, len(ticks)]), columns_of(spec, ticks), constants, wanted)
    return [0, *wanted[1:].tolist()]


def columns_of(spec: KernelSpec, ticks: list[Any]) -> Any:
    """``ticks`` as the columns that an author's loop gets."""
    names = spec.columns + spec.clock
    record: Any = namedtuple("Columns", names)  # type: ignore[misc]
    return record(
        *(np.array([getattr(tick, name) for tick in ticks], field_kind(name)) for name in names)
    )


def _account(prices: list[float], wanted: list[int]) -> tuple[float, int]:
    """Profit and trades of positions at the last price; what is held at the end is sold there."""
    pnl, trades, held = 0.0, 0, 0
    for i in range(1, len(prices)):
        pnl += held * (prices[i] - prices[i - 1])
        opened = wanted[i] != 0 and (held == 0 or (wanted[i] > 0) != (held > 0))
        trades += opened
        held = wanted[i]
    return pnl, trades
