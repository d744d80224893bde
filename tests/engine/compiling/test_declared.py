"""Features and gates mean the same in a run, in a sweep and in plain Python."""

from __future__ import annotations

import re
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.engine.declared import (
    HIGHEST,
    KERNELS,
    RESTLESS,
    SHUT,
    SIZED,
    STOPPING,
    Params,
    booked,
    by_hand,
    follow_mean,
    mean,
    quiet,
    start_mean,
)
from tests.engine.tick_slices import TickSlice, random_slice

from tickloom import Feature, Gate, KernelSpec, step_kernel
from tickloom.engine.kernels.constants import prepare_constants
from tickloom.engine.loading.kernel import (
    ContractFacts,
    CostTerms,
    FillModel,
    Variant,
    load_kernel,
)
from tickloom.engine.loops.many_sets.sharing import TILE, WORD
from tickloom.engine.loops.whole_step import plain_step
from tickloom.engine.sweeping.kernel import load_sweep
from tickloom.engine.sweeping.lanes import LanesPass
from tickloom.engine.sweeping.shared import TOGETHER, SharedPass
from tickloom.errors import PluginError

SETS = [
    Params(span, slow, size, most, open)
    for span, slow, size, most, open in product((1, 5, 9), (2, 20), (1, 3), (0, 25), (True, False))
] + [Params(span=3, slow=n) for n in range(2, 9)]


@pytest.fixture(scope="module")
def ticks() -> TickSlice:
    return random_slice(61, (300, 0, 1, 2, 3, 65, 700, 129), gaps=0.06)


def usable(ticks: TickSlice, contract: int) -> list[tuple[Any, ...]]:
    return [row for row in ticks.rows(contract, ("price", "volume")) if row[0] > 0]


@pytest.mark.parametrize(
    ("spec", "checked"),
    [*((spec, False) for spec in KERNELS), (SIZED, True)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_run_is_what_it_is_by_hand(spec: KernelSpec, checked: bool, ticks: TickSlice) -> None:
    kernel = load_kernel(spec, Variant(checked=checked))
    columns = ticks.arrays(("price", "volume"))
    traded = 0
    for params in SETS[::5]:
        found = kernel(params, ticks.offsets, columns)
        for contract in range(ticks.contracts):
            rows = usable(ticks, contract)
            wanted = by_hand(spec.name, rows, params) if rows else []
            pnl, trades = booked([row[0] for row in rows], wanted) if rows else (0.0, 0)
            assert found.trades[contract] == trades, (contract, params)
            assert found.pnl[contract] == pytest.approx(pnl, rel=1e-9, abs=1e-6), params
            traded += trades
    assert (traded > 0) == (spec is not SHUT)


@pytest.mark.parametrize("spec", KERNELS, ids=lambda spec: spec.name)
def test_plain_python_wants_the_same(spec: KernelSpec, ticks: TickSlice) -> None:
    class Tick(NamedTuple):
        price: float
        volume: int

    for params in SETS[::7]:
        constants = prepare_constants(spec, params)
        for contract in (0, 3, 5):
            rows = usable(ticks, contract)
            whole = plain_step(spec)
            state, position, wanted = whole.init(Tick(*rows[0]), constants), 0, [0]
            for row in rows[1:]:
                state, position = whole.step(state, Tick(*row), position, constants)
                wanted.append(int(position))
            assert wanted == by_hand(spec.name, rows, params), (contract, params)


@pytest.mark.parametrize("spec", [STOPPING, SHUT], ids=lambda spec: spec.name)
def test_each_set_of_a_sweep_equals_its_own_run(spec: KernelSpec, ticks: TickSlice) -> None:
    if spec is SHUT:
        found = load_sweep(spec)(SETS, ticks.offsets, ticks.arrays(("price", "volume")))
        assert not found.trades.any()
        assert not found.pnl.any()
    else:
        check_sweep(spec, SETS, ticks)


def test_with_latency_flat_means_what_is_held(ticks: TickSlice) -> None:
    """An order under way is called back where the gate shuts before it arrives."""
    fill = FillModel(latency_ticks=3)
    costs = CostTerms(per_order=1.0)
    kernel = load_kernel(STOPPING, Variant.of(fill, costs=True, logged=True))
    columns = ticks.arrays(kernel.required_columns)
    results = kernel(Params(), ticks.offsets, columns, fill=fill, costs=costs)
    for contract in (0, 6):
        rows = usable(ticks, contract)
        # By hand: what is wanted at one tick is held three ticks later, if it is still wanted...
        assert results.trades[contract] == _late(rows, Params(), 3)


def _late(rows: list[tuple[Any, ...]], params: Params, ticks: int) -> int:
    average, held, position, trades = rows[0][0], 0, 0, 0
    orders: list[tuple[int, int]] = []
    sent = 0
    for at, (price, volume) in enumerate(rows[1:], 1):
        while orders and orders[0][0] <= at:
            target = orders.pop(0)[1]
            trades += target != 0 and position == 0
            position = target
        average = average + (price - average) / params.slow
        held = held + 1 if position != 0 else 0
        wanted = position
        if position == 0 and price > average:
            wanted = 1
        elif held >= params.span:
            wanted = 0
        if position == 0 and not volume % 100 <= params.most:
            wanted = 0
        if wanted != sent:
            orders.append((at + ticks, wanted))
            sent = wanted
    return trades


LENGTHS = tuple(n + by for n in (WORD, 2 * WORD, TILE, 2 * TILE) for by in (-1, 0, 1, 2))


@pytest.mark.parametrize("spec", [SIZED, RESTLESS], ids=lambda spec: spec.name)
def test_words_and_tiles_end_anywhere(spec: KernelSpec) -> None:
    ticks = random_slice(62, (*LENGTHS, 700), gaps=0.1)
    if spec is SIZED:
        ticks.hide_ends()
    check_sweep(spec, SETS[:4] + SETS[-5:], ticks)


def test_more_sets_than_go_together() -> None:
    ticks = random_slice(63, (70, 20))
    sets = [Params(span=2 + n % 9, slow=2 + n) for n in range(TOGETHER + 40)]
    for count in (0, 1, 2, 3, TOGETHER, TOGETHER + 1, TOGETHER + 40):
        check_sweep(SIZED, sets[:count], ticks)


def check_sweep(spec: KernelSpec, sets: list[Params], ticks: TickSlice) -> None:
    single, sweep = load_kernel(spec), load_sweep(spec)
    columns, none = ticks.arrays(sweep.required_columns), np.zeros(ticks.contracts, np.int64)
    facts = ContractFacts(expiry_day=none, strike=none * 1.0, is_call=none)
    found = sweep(sets, ticks.offsets, columns, facts=facts)
    assert found.pnl.shape == found.trades.shape == (len(sets), ticks.contracts)
    for number, params in enumerate(sets):
        alone = single(params, ticks.offsets, columns, facts=facts)
        assert found.pnl[number].tobytes() == alone.pnl.tobytes(), params
        assert found.trades[number].tolist() == alone.trades.tolist(), params
        assert found.skipped.tolist() == alone.skipped.tolist()
    assert found.trades.any() or not sets


def test_a_sweep_goes_through_shared_features() -> None:
    assert isinstance(load_sweep(SIZED)._run, SharedPass)
    assert isinstance(load_sweep(STOPPING)._run, LanesPass)


def test_a_set_beyond_the_bound_stops_the_sweep_and_is_named(ticks: TickSlice) -> None:
    columns = ticks.arrays(("price", "volume"))
    wrong = Params(size=4, open=True)
    with pytest.raises(PluginError, match=r"position of -?4 at row") as alone:
        load_kernel(SIZED)(wrong, ticks.offsets, columns)
    named = re.escape(f"{alone.value} (with span=5, slow=20, size=4, most=25, open=True)")
    with pytest.raises(PluginError, match=named):
        load_sweep(SIZED)([*SETS[:9], wrong], ticks.offsets, columns)


GAINS = np.arange(100.0)


def looked_up(tick: Any, position: int, constants: Params) -> int:
    return 1 if GAINS[int(tick.price)] > constants.slow else 0


def tabled(tick: Any, limits: Any) -> bool:
    return GAINS[int(tick.price)] > limits.most


def held_for_one_tick(tick: Any, position: int, constants: Params) -> int:
    """Buys at ticks of volume 1, sells at the next, and looks up what only that one has."""
    if position == 0:
        return 1 if tick.volume == 1 else 0
    return 0 if GAINS[tick.volume - 10**9] >= 0.0 else position


def raising_elsewhere(tick: Any, position: int, constants: Params) -> int:
    if position == 0:
        return 1 if tick.volume == 1 else 0
    if tick.volume != 10**9 + 3:
        raise ValueError("no run holds anything here")
    return 0


@pytest.mark.parametrize(
    "declared",
    [
        {"step": looked_up},
        {"step": held_for_one_tick},
        {"step": raising_elsewhere},
        {"step": looked_up, "gate": Gate(params=("most",), allows=tabled)},
    ],
    ids=["step", "held", "raising", "gate"],
)
def test_a_sweep_asks_for_nothing_that_a_run_does_not_look_up(declared: dict[str, Any]) -> None:
    """At rows without a price, and at ticks at which no run holds what a set holds for a while."""
    rows = 3 * WORD
    price = np.tile([5.0, 30.0, 7.0, np.nan, 50.0, 9.0, -3e9, 4.0], rows // 8)
    volume = np.zeros(rows, np.int64)
    volume[1::8], volume[2::8] = 1, 10**9 + 3
    spec = step_kernel("looking-up", columns=("price", "volume"), params=Params, **declared)
    offsets, sets = np.array([0, rows]), [Params(slow=n) for n in range(1, 40, 4)]
    found = load_sweep(spec)(sets, offsets, [price, volume])
    for number, params in enumerate(sets):
        alone = load_kernel(spec)(params, offsets, [price, volume])
        assert found.pnl[number].tobytes() == alone.pnl.tobytes()
        assert found.trades[number].tolist() == alone.trades.tolist()
    assert found.trades.any()


def start_zero(tick: Any, constants: Any) -> float:
    return 0.0


def follow_half(mean: float, tick: Any, constants: Any) -> float:
    return 0.5 * mean + 0.5 * tick.price


def by_majority(tick: Any, position: int, constants: Params) -> int:
    below = (tick.price > tick.gate) + (tick.price > tick.float64) + (tick.price > tick.own)
    return 1 if below + (tick.price > tick.tick) > 2 else 0


def test_features_may_have_any_names(ticks: TickSlice) -> None:
    """Also some of which the names of other things are made, each a feature of its own."""
    spec = step_kernel(
        "declared-names",
        columns=("price", "volume"),
        params=Params,
        features={
            "gate": Feature(params=("open", "slow"), init=start_mean, update=follow_mean),
            "float64": HIGHEST,
            "own": Feature(init=start_zero, update=follow_half),
            "tick": Feature(params=("slow", "most"), init=start_zero, update=follow_mean),
        },
        gate=Gate(params=("open", "slow", "most"), allows=quiet),
        step=by_majority,
    )
    check_sweep(spec, SETS[:3], ticks)


class Named(NamedTuple):
    mean__slow: int


def test_a_constant_may_be_called_like_one_of_a_feature(ticks: TickSlice) -> None:
    spec = step_kernel(
        "declared-constants",
        columns=("price",),
        params=Params,
        prepare=lambda params: Named(params.slow),
        features={"mean": mean()},
        step=lambda tick, position, constants: 1 if tick.price > tick.mean else 0,
    )
    check_sweep(spec, SETS[:3], ticks)


class Sign(NamedTuple):
    zero: float = 0.0


def above_zero(tick: Any, position: int, constants: Sign) -> int:
    return 1 if 1.0 / constants.zero > 0.0 else 0


def test_zeros_of_both_signs_are_other_parameters(ticks: TickSlice) -> None:
    spec = step_kernel("signed-zero", columns=("price",), params=Sign, step=above_zero)
    kernel, sweep, columns = load_kernel(spec), load_sweep(spec), ticks.arrays(("price",))
    for zeros in ([0.0, 0.0, 0.0], [-0.0, -0.0, -0.0], [0.0, -0.0, 0.0]):
        found = sweep([Sign(zero) for zero in zeros], ticks.offsets, columns)
        for number, zero in enumerate(zeros):
            trades = kernel(Sign(zero), ticks.offsets, columns).trades
            assert trades.any() == (str(zero) == "0.0")
            assert trades.tolist() == found.trades[number].tolist()


class Many(NamedTuple):
    a: float
    b: float
    c: float
    d: float
    e: float
    f: float
    g: float
    h: float
    i: float


def start_many(tick: Any, constants: Any) -> Many:
    return Many(tick.price, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def follow_many(many: Many, tick: Any, constants: Any) -> Many:
    return Many(tick.price, many.a, many.b, many.c, many.d, many.e, many.f, many.g, many.h)


def compare(tick: Any, position: int, constants: Params) -> int:
    return 1 if tick.many.a > tick.many.i else 0


def test_a_feature_of_many_numbers_is_swept_set_by_set(ticks: TickSlice) -> None:
    features = {"many": Feature(init=start_many, update=follow_many)}
    spec = step_kernel(
        "declared-many", columns=("price",), params=Params, features=features, step=compare
    )
    check_sweep(spec, SETS[:3], ticks)
