"""The sweep loop in lanes, run by the interpreter: the results of compiled sweeps, to the last
bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.engine import scripted
from tests.engine.orders.test_fills import scripted_slice
from tests.engine.tick_slices import random_slice

from tickloom import KernelSpec
from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.kernels.constants import layout_of, prepare_constants
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.loading.code import InterpretedCode
from tickloom.engine.loading.plans import step_shape
from tickloom.engine.loops.access import as_it_is
from tickloom.engine.loops.entry import OK, OUT_OF_BOUNDS
from tickloom.engine.loops.interpreted import interpreted_access
from tickloom.engine.loops.many_sets.lanes import LANES, SWEEP_ARGUMENTS, make_lanes
from tickloom.engine.loops.whole_step import plain_step
from tickloom.engine.sweeping.kernel import load_sweep
from tickloom_kernels.mean_reversion import KERNEL as MEAN_REVERSION
from tickloom_kernels.mean_reversion import Params


def interpreted(spec: KernelSpec) -> InterpretedCode:
    layout, whole = layout_of(spec), plain_step(spec)
    shape = step_shape(Specialised.of(spec))
    states: dict[int, Any] = {}
    loop = make_lanes(
        jit=as_it_is,
        init=whole.init,
        step=whole.step,
        widen=as_it_is,
        load_state=lambda _floats, _ints, _stride, place: states[place],
        store_state=lambda _floats, _ints, _stride, place, state: states.update({place: state}),
        access=interpreted_access(shape, layout.record, stride=LANES),
        one=shape.one,
        fields=len(layout.kinds),
    )
    return InterpretedCode(spec.name, loop, SWEEP_ARGUMENTS)


def run(
    spec: KernelSpec, sets: list[Any], offsets: Any, columns: list[Any]
) -> tuple[int, Any, Any, Any]:
    code, layout, contracts = interpreted(spec), layout_of(spec), len(offsets) - 1
    packed = np.array([layout.pack(prepare_constants(spec, params)) for params in sets])
    constants = np.ascontiguousarray(packed.reshape(-1, LANES, len(layout.kinds)).swapaxes(1, 2))
    pnl, trades = np.zeros((len(sets), contracts)), np.zeros((len(sets), contracts), np.int64)
    skipped, chunks = np.zeros(contracts, np.int64), Chunks.whole(columns)
    given = {
        "contracts": contracts,
        "offsets": offsets,
        "expiry_day": None,
        "strike": None,
        "is_call": None,
        "blocks": len(sets) // LANES,
        "constants_f": constants,
        "constants_i": constants,
        "bound": spec.max_position,
        "scratch_f": np.zeros(2 * LANES),
        "scratch_i": np.zeros(2 * LANES, np.int64),
        "pnl": pnl,
        "trades": trades,
        "skipped": skipped,
        "tables": code.tables(chunks, range(len(columns))),
        "pieces": 1,
    }
    return code(given), pnl, trades, skipped


def test_sets_in_lanes_are_the_compiled_ones() -> None:
    ticks = random_slice(31, (120, 0, 1, 90), gaps=0.1)
    columns = ticks.arrays(("price",))
    sets = [Params(span=10 + 3 * n, entry=0.5, warm_up=5) for n in range(LANES)]
    status, *found = run(MEAN_REVERSION, sets, ticks.offsets, columns)
    expected = load_sweep(MEAN_REVERSION)(sets, ticks.offsets, columns)
    assert status == OK
    for one, other in zip(found, (expected.pnl, expected.trades, expected.skipped), strict=True):
        assert one.tobytes() == other.tobytes()
    assert found[1].sum() > LANES


@pytest.mark.parametrize("sized", [False, True], ids=["one", "sized"])
def test_sets_of_any_size_are_the_compiled_ones(sized: bool) -> None:
    spec = scripted.SIZED if sized else scripted.ONE
    ticks = scripted_slice(9, spec.max_position)
    columns = ticks.arrays(spec.columns)
    sets = [scripted.Params()] * LANES
    status, *found = run(spec, sets, ticks.offsets, columns)
    expected = load_sweep(spec)(sets, ticks.offsets, columns)
    assert status == OK
    for one, other in zip(found, (expected.pnl, expected.trades, expected.skipped), strict=True):
        assert one.tobytes() == other.tobytes()


def test_a_set_that_goes_too_far_ends_the_loop() -> None:
    columns = [np.full(3, 5.0), np.array([0, 9, 0]), np.zeros(3, np.int64)]
    status, *_ = run(scripted.SIZED, [scripted.Params()] * LANES, np.array([0, 3]), columns)
    assert status == OUT_OF_BOUNDS
