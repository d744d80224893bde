"""The kernel kit catches planted faults, each for the right reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, settings

from tickloom import KernelSpec, array_kernel, step_kernel
from tickloom.errors import PluginError, UsageError
from tickloom.testing import KernelTests, kernels

KIT = KernelTests()


@pytest.fixture(autouse=True)
def _no_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first failure is enough here; an author gets the smallest."""
    quick = settings(kernels.ADVERSARIAL, phases=[Phase.generate])
    monkeypatch.setattr(kernels, "ADVERSARIAL", quick)


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
    return step_kernel(
        "planted", columns=("price",), params=Params, init=init, step=function, **declared
    )


def array(loop: Any) -> KernelSpec:
    return array_kernel("planted", columns=("price",), params=Params, loop=loop)


def test_a_sound_kernel_passes() -> None:
    KIT.test_it_equals_its_reference(step(hold), held, [Params()])


def buys_puts_too(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, 1


def test_puts_taken_for_calls() -> None:
    def calls_alone(ticks: Sequence[Any], params: Params) -> tuple[float, int]:
        return held(ticks, params) if ticks and ticks[0].is_call else (0.0, 0)

    with pytest.raises(AssertionError, match="trades of contract"):
        KIT.test_it_equals_its_reference(
            step(buys_puts_too, clock=("is_call",)), calls_alone, [Params()]
        )


def far_strikes_too(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, 1


def test_a_strike_that_is_not_looked_at() -> None:
    def near_alone(ticks: Sequence[Any], params: Params) -> tuple[float, int]:
        return held(ticks, params) if ticks and ticks[0].strike < 48_200 else (0.0, 0)

    with pytest.raises(AssertionError, match="trades of contract"):
        KIT.test_it_equals_its_reference(
            step(far_strikes_too, clock=("strike",)), near_alone, [Params()]
        )


def early_alone(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, 0


def test_a_rule_that_sets_in_an_hour_after_the_opening() -> None:
    def late(ticks: Sequence[Any], params: Params) -> tuple[float, int]:
        since = [tick.price for tick in ticks[1:] if tick.time_of_day > 37_000 * 10**9]
        return (since[-1] - since[0], 1) if since else (0.0, 0)

    with pytest.raises(AssertionError, match="trades of contract"):
        KIT.test_it_equals_its_reference(
            step(early_alone, clock=("time_of_day",)), late, [Params()]
        )


def overruns(offsets: Any, columns: Any, constants: Any, wanted: Any) -> None:
    for row in range(len(wanted)):
        wanted[row] = 1 if columns.price[row] + columns.price[row + 1] > 1e307 else 0


def test_a_read_out_of_bounds() -> None:
    """Results are as they should be; only the bounds check can tell."""
    with pytest.raises(PluginError, match="its loop reported failure"):
        KIT.test_it_equals_its_reference(
            array(overruns), lambda ticks, params: (0.0, 0), [Params()]
        )


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


def test_flags_that_change_results() -> None:
    with pytest.raises(AssertionError, match="differ from one CPU to the next"):
        KIT.test_it_opts_into_no_flag_that_changes_results(step(hold, flags=("contract",)))
