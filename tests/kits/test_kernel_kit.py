"""The kernel kit catches planted faults, each for the right reason."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from tickloom import KernelSpec, array_kernel, step_kernel
from tickloom.errors import PluginError, TickloomError, UsageError
from tickloom.testing import KernelTests

KIT = KernelTests()


class Params(NamedTuple):
    size: int = 1


def init(tick: Any, constants: Params) -> int:
    return 0


def hold(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, 1


def held(ticks: Sequence[Any], params: Params) -> tuple[float, int]:
    """Bought at the second tick, sold at the last."""
    return (ticks[-1].price - ticks[1].price, 1) if len(ticks) > 1 else (0.0, 0)


def step(function: Any, **declared: Any) -> KernelSpec:
    given: dict[str, Any] = {"columns": ("price",), "params": Params, "init": init}
    return step_kernel("planted", step=function, **(given | declared))


def array(loop: Any) -> KernelSpec:
    return array_kernel("planted", columns=("price",), params=Params, loop=loop)


def test_a_sound_kernel_passes() -> None:
    KIT.test_it_equals_its_reference(step(hold), held, [Params()])


def holds_that_size(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, constants.size


BLIND = step(holds_that_size, clock=("is_call", "strike", "time_of_day"))
"""Looks at nothing that it asks for. One kernel, so that it is compiled once."""


def test_puts_taken_for_calls() -> None:
    def calls_alone(ticks: Sequence[Any], params: Params) -> tuple[float, int]:
        return held(ticks, params) if ticks and ticks[0].is_call else (0.0, 0)

    with pytest.raises(AssertionError, match="trades of contract"):
        KIT.test_it_equals_its_reference(BLIND, calls_alone, [Params()])


def test_a_strike_that_is_not_looked_at() -> None:
    def near_alone(ticks: Sequence[Any], params: Params) -> tuple[float, int]:
        return held(ticks, params) if ticks and ticks[0].strike < 48_200 else (0.0, 0)

    with pytest.raises(AssertionError, match="trades of contract"):
        KIT.test_it_equals_its_reference(BLIND, near_alone, [Params()])


def test_a_rule_that_sets_in_an_hour_after_the_opening() -> None:
    def late(ticks: Sequence[Any], params: Params) -> tuple[float, int]:
        since = [tick.price for tick in ticks[1:] if tick.time_of_day > 37_000 * 10**9]
        return (since[-1] - since[0], 1) if since else (0.0, 0)

    with pytest.raises(AssertionError, match="trades of contract"):
        KIT.test_it_equals_its_reference(BLIND, late, [Params(size=0)])


def overruns(offsets: Any, columns: Any, constants: Any, wanted: Any) -> None:
    for row in range(len(wanted)):
        wanted[row] = 1 if columns.price[row] + columns.price[row + 1] > 1e307 else 0


def test_a_read_out_of_bounds() -> None:
    """Results are as they should be; only the bounds check can tell."""
    with pytest.raises(PluginError, match="its loop reported failure"):
        KIT.test_it_equals_its_reference(
            array(overruns), lambda ticks, params: (0.0, 0), [Params()]
        )


WEIGHTS = np.ones(3)


def weight(tick: int) -> float:
    return float(WEIGHTS[tick])


def outgrows_a_table(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state + 1, 0 if weight(state) > 1e300 else 1


def outgrows_it_too(offsets: Any, columns: Any, constants: Any, wanted: Any) -> None:
    for row in range(len(wanted)):
        wanted[row] = 0 if weight(row) > 1e300 else 1


@pytest.mark.parametrize("spec", [step(outgrows_a_table), array(outgrows_it_too)], ids=["s", "a"])
def test_a_helper_that_reads_out_of_bounds(spec: KernelSpec) -> None:
    line = weight.__code__.co_firstlineno + 1
    with pytest.raises(AssertionError, match=rf"'planted' reads out .*, line {line}: index 3 is"):
        KIT.test_it_reads_nothing_out_of_bounds(spec, [Params()])


def divides(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, 1 if 1.0 / (tick.price - tick.price) > 0.0 else 0


def test_what_python_refuses_to_divide_is_no_fault() -> None:
    KIT.test_it_reads_nothing_out_of_bounds(step(divides), [Params()])


def remembers_the_slice(offsets: Any, columns: Any, constants: Any, wanted: Any) -> None:
    highest = 0.0
    for row in range(len(wanted)):
        wanted[row] = 1 if columns.price[row] > highest else 0
        highest = max(highest, columns.price[row])


def test_state_that_leaks_from_contract_to_contract() -> None:
    with pytest.raises(AssertionError, match="something of its neighbours reaches it"):
        KIT.test_a_contract_does_not_see_its_neighbours(array(remembers_the_slice))


def changes_prices(offsets: Any, columns: Any, constants: Any, wanted: Any) -> None:
    columns.price[0] = 1.0


def test_changed_input() -> None:
    with pytest.raises(UsageError, match="readonly"):
        KIT.test_it_is_deterministic_and_leaves_its_input_alone(array(changes_prices))


def tosses_a_coin(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, 1 if random.random() > 0.5 else 0


def test_chance() -> None:
    with pytest.raises(AssertionError, match="the first run and the second"):
        KIT.test_it_is_deterministic_and_leaves_its_input_alone(step(tosses_a_coin))


PREPARED = [0]


def prepare_another_size(params: Params) -> Params:
    PREPARED[0] += 1
    return Params(PREPARED[0])


@pytest.fixture
def impure() -> KernelSpec:
    """Its trades are always the same, its profit depends on how often it was prepared."""
    PREPARED[0] = 0
    return step(holds_that_size, prepare=prepare_another_size, max_position=1_000_000)


def test_a_logged_run_that_earns_something_else(impure: KernelSpec) -> None:
    with pytest.raises(AssertionError, match="profit of a plain run and one with a trade log"):
        KIT.test_the_trade_log_adds_up(impure)


def test_a_sweep_that_earns_something_else(impure: KernelSpec) -> None:
    with pytest.raises(AssertionError, match="profit of a run and a sweep, with Params"):
        KIT.test_a_sweep_gives_what_single_runs_give(impure, [Params()])


def round_trip(spec: KernelSpec, folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        KIT.test_the_cache_gives_back_what_was_built(spec, [Params()], folder, patch)


def test_a_loaded_kernel_that_earns_something_else(impure: KernelSpec, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="profit of freshly compiled and loaded from the cach"):
        round_trip(impure, tmp_path)


def prepare_by_process(params: Params) -> Params:
    return Params(os.getpid() % 100_000)


def test_another_process_that_earns_something_else(tmp_path: Path) -> None:
    spec = step(holds_that_size, prepare=prepare_by_process, max_position=1_000_000)
    with pytest.raises(AssertionError, match="profit of freshly compiled and in another process"):
        round_trip(spec, tmp_path)


LOADS = np.zeros(1)


def prepare_counting(params: Params) -> Params:
    LOADS[0] += 1
    return params


def looks_at_the_count(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, 1 if LOADS[0] > 0 else 0


def test_a_constant_that_changes_from_load_to_load(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"compiled again: .* changes from load to load"):
        round_trip(step(looks_at_the_count, prepare=prepare_counting), tmp_path)


PROCESS = os.getpid()


def looks_at_the_process(
    state: int, tick: Any, position: int, constants: Params
) -> tuple[int, int]:
    return state, 1 if PROCESS > 0 else 0


def test_a_constant_that_changes_from_process_to_process(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"compiled again: .* changes from process to process"):
        round_trip(step(looks_at_the_process), tmp_path)


def test_a_kernel_that_no_other_process_can_import(tmp_path: Path) -> None:
    def local(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
        return state, 1

    with pytest.raises(UsageError, match=r"'planted' cannot be found by another process .*local"):
        round_trip(step(local), tmp_path)


def prepare_here_alone(params: Params) -> Params:
    if any("kernel_process import serve" in word for word in sys.orig_argv):
        raise RuntimeError("not here")
    return params


def test_a_kernel_that_fails_in_another_process(tmp_path: Path) -> None:
    spec = step(hold, prepare=prepare_here_alone)
    with pytest.raises(TickloomError, match=r"(?s)'planted' fails when another .*not here"):
        round_trip(spec, tmp_path)


def test_flags_that_change_results() -> None:
    with pytest.raises(AssertionError, match="differ from one CPU to the next"):
        KIT.test_it_opts_into_no_flag_that_changes_results(step(hold, flags=("contract",)))
