"""A kernel as its author wrote it, run by the interpreter: there every index is checked.

Numba's bounds check reaches the body of an author's loop, not a step, nor what either calls.
"""

from __future__ import annotations

import traceback
from contextlib import suppress
from typing import Any

import numpy as np

from tickloom.bench.parity import columns_of
from tickloom.bench.ticks import Ticks
from tickloom.engine.kernels.constants import prepare_constants
from tickloom.engine.loops.whole_step import plain_step
from tickloom.specs.kernel import KernelSpec


def check_indices(spec: KernelSpec, ticks: Ticks, params: Any) -> None:
    """Raise AssertionError, naming the line, where a step or loop reads out of bounds. A native
    kernel has no Python to run."""
    spec = spec.serving(params)
    constants = prepare_constants(spec, params)
    contracts = [ticks.usable(spec, number) for number in range(len(ticks.offsets) - 1)]
    try:
        if spec.step is not None:
            for contract in contracts:
                _step_through(spec, contract, constants)
        elif spec.loop is not None:
            _loop_over(spec, contracts, constants)
    except IndexError as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        raise AssertionError(
            f"kernel {spec.name!r} reads out of bounds at {at.filename}, line {at.lineno}: {error}"
        ) from error


def _step_through(spec: KernelSpec, ticks: list[Any], constants: Any) -> None:
    whole = plain_step(spec)
    # Where Python raises, compiled arithmetic goes on with inf or NaN: that contract ends here.
    with suppress(ArithmeticError, ValueError):
        state, position = whole.init(ticks[0], constants) if ticks else None, 0
        for tick in ticks[1:]:
            state, position = whole.step(state, tick, int(position), constants)


def _loop_over(spec: KernelSpec, contracts: list[list[Any]], constants: Any) -> None:
    assert spec.loop is not None
    rows = [tick for contract in contracts for tick in contract]
    offsets = np.cumsum([0, *map(len, contracts)])
    with suppress(ArithmeticError, ValueError), np.errstate(all="ignore"):
        spec.loop(offsets, columns_of(spec, rows), constants, np.zeros(len(rows), np.int32))
