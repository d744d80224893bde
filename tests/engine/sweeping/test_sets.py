"""A sweep gives each parameter set the very results of a run of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.engine.tick_slices import random_slice

from tickloom import KernelSpec, step_kernel
from tickloom.engine.loading.kernel import CostTerms, FillModel, Variant, load_kernel
from tickloom.engine.loops.many_sets.lanes import LANES
from tickloom.engine.sweeping.kernel import load_sweep
from tickloom.engine.sweeping.lanes import LanesPass
from tickloom.engine.sweeping.one_by_one import Repeated
from tickloom.engine.sweeping.shared import SharedPass, aligned
from tickloom.errors import PluginError
from tickloom.host import get_host

SETS: dict[str, list[dict[str, float]]] = {
    "ema-cross": [{"fast": f, "slow": s} for f in range(2, 9) for s in (10, 21, 40, 55, 70)],
    "ema-cross-array": [{"fast": 3}, {"slow": 30}],
    "ema-cross-short": [
        {"fast": f, "band": b, "size": s} for f in (2, 5) for b in (0, 1e-3) for s in (1, 4)
    ],
    "mean-reversion": [{"span": s, "warm_up": w} for s in (5, 20, 90) for w in (2, 40)],
    "book-imbalance": [{"entry": e / 10} for e in range(1, 10)],
    "buy-and-hold": [{"size": s} for s in range(-3, 4)],
}


def records(spec: KernelSpec, sets: Sequence[dict[str, Any]]) -> list[Any]:
    return [spec.params(**values) for values in sets]


@pytest.mark.parametrize("name", SETS)
def test_each_set_equals_its_own_run(name: str) -> None:
    spec = get_host().kernels.get(name)
    ticks = random_slice(21, (300, 1, 0, 2, 90, 700))
    sweep, single = load_sweep(spec), load_kernel(spec)
    columns = ticks.arrays(sweep.required_columns)
    params = records(spec, SETS[name])
    results = sweep(params, ticks.offsets, columns)
    assert results.pnl.shape == (len(params), ticks.contracts)
    for number, record in enumerate(params):
        alone = single(record, ticks.offsets, columns)
        assert results.pnl[number].tobytes() == alone.pnl.tobytes(), record
        assert results.trades[number].tolist() == alone.trades.tolist(), record
        assert results.skipped.tolist() == alone.skipped.tolist()
    assert results.trades.sum() > 0


def test_any_number_of_sets_is_swept() -> None:
    spec = get_host().kernels.get("mean-reversion")
    ticks = random_slice(25, (200, 30))
    sweep, single = load_sweep(spec), load_kernel(spec)
    columns = ticks.arrays(sweep.required_columns)
    params = [spec.params(span=2 + n, warm_up=20) for n in range(2 * LANES + 9)]
    expected = np.array([single(record, ticks.offsets, columns).pnl for record in params])
    for count in (0, 1, 8, 9, LANES, LANES + 3, 2 * LANES + 9):
        results = sweep(params[:count], ticks.offsets, columns)
        assert results.pnl.tobytes() == expected[:count].tobytes()


@pytest.mark.parametrize("fill", [FillModel(mode="touch"), FillModel(latency_ticks=2)], ids=repr)
def test_other_fills_and_costs_are_swept_too(fill: FillModel) -> None:
    spec = get_host().kernels.get("ema-cross")
    ticks = random_slice(22, (300, 90))
    variant = Variant.of(fill, costs=True)
    costs = CostTerms(multiplier=15, per_order=20, sell_rate=0.001)
    sweep, single = load_sweep(spec, variant), load_kernel(spec, variant)
    columns = ticks.arrays(sweep.required_columns)
    params = records(spec, SETS["ema-cross"][:3])
    results = sweep(params, ticks.offsets, columns, fill=fill, costs=costs)
    for number, record in enumerate(params):
        alone = single(record, ticks.offsets, columns, fill=fill, costs=costs)
        assert results.pnl[number].tobytes() == alone.pnl.tobytes()


def test_hundredths_are_swept() -> None:
    spec = get_host().kernels.get("ema-cross-short")
    prices = (np.random.default_rng(3).integers(900, 1100, 500)).astype(np.int32)
    prices[[7, 100, 499]] = np.iinfo(np.int32).min
    offsets, params = np.array([0, 200, 500]), records(spec, SETS["ema-cross-short"])
    narrow = load_sweep(spec, Variant(dtypes=("int32",)))(params, offsets, [prices])
    wide = np.where(prices > 0, prices / 100.0, np.nan)
    expected = load_sweep(spec)(params, offsets, [wide])
    assert narrow.pnl.tobytes() == expected.pnl.tobytes()
    assert narrow.skipped.tolist() == expected.skipped.tolist() == [2, 1]


class Size(NamedTuple):
    size: int = 0


class Turning(NamedTuple):
    prices: complex
    ticks: int


def init(tick: Any, constants: Size) -> Turning:
    return Turning(complex(tick.price, tick.price), 0)


def step(state: Turning, tick: Any, position: int, constants: Size) -> tuple[Turning, int]:
    wanted = constants.size if tick.price > state.prices.real else 0
    return Turning(complex(state.prices.imag, tick.price), state.ticks + 1), wanted


TURNING = step_kernel("turning", columns=("price",), params=Size, init=init, step=step)


def test_a_state_that_holds_more_than_numbers_is_swept_set_by_set() -> None:
    ticks = random_slice(23, (100, 50))
    sweep = load_sweep(TURNING)
    assert isinstance(sweep._run, Repeated)
    results = sweep([Size(0), Size(1)], ticks.offsets, ticks.arrays(("price",)))
    assert results.trades[0].sum() == 0
    assert results.trades[1].sum() > 0
    assert load_sweep(TURNING).compile_seconds == 0


def test_a_set_beyond_the_bound_stops_the_sweep() -> None:
    flat = step_kernel("flat", columns=("price",), params=Size, init=lambda t, c: 0.0, step=_hold)
    ticks = random_slice(24, (20,))
    told = r"position of 2 at row \d+ of contract 0 of the slice; .* \(with size=2\)"
    with pytest.raises(PluginError, match=told):
        load_sweep(flat)([Size(1)] * 9 + [Size(2)], ticks.offsets, ticks.arrays(("price",)))


def test_no_step_is_shown_a_position_that_is_out_of_bounds() -> None:
    spec = step_kernel("indexing", columns=("price",), params=Size, init=_none, step=_by_position)
    columns = [np.full(40, 10.0)]
    with pytest.raises(PluginError, match=r"position of 1000000000000 at row 1 .*\(with size=4\)"):
        load_sweep(spec)([Size(n % 5) for n in range(20)], np.array([0, 40]), columns)


BY_POSITION = np.array([5, 6, 7])


def _none(tick: Any, constants: Size) -> int:
    return 0


def _by_position(state: int, tick: Any, position: int, constants: Size) -> tuple[int, int]:
    return int(BY_POSITION[position + 1]), 10**12 if constants.size == 4 else 0


def _hold(state: float, tick: Any, position: int, constants: Size) -> tuple[float, int]:
    return state, constants.size


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("ema-cross", LanesPass),
        ("ema-cross-features", SharedPass),
        ("ema-cross-short", SharedPass),
        ("mean-reversion", LanesPass),
    ],
)
def test_a_plain_step_goes_through_the_data_once(name: str, way: type) -> None:
    assert isinstance(load_sweep(get_host().kernels.get(name))._run, way)


@pytest.mark.parametrize("kind", [np.float64, np.int64])
def test_values_of_features_begin_at_a_cache_line(kind: Any) -> None:
    kept = [aligned(count, kind) for count in range(1, 60)]
    assert [len(array) for array in kept] == list(range(1, 60))
    assert all(array.ctypes.data % 64 == 0 and array.dtype == kind for array in kept)
