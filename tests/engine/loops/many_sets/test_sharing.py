"""The sweep loop that shares features, run by the interpreter: the results of compiled sweeps, to
the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any, Final

import numpy as np
import pytest
from tests.engine.declared import RESTLESS, SHUT, SIZED, Params
from tests.engine.tick_slices import TickSlice, random_slice

from tickloom import KernelSpec
from tickloom.engine.kernels.constants import GATE, constant_records, kinds_of
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.loading.code import InterpretedCode
from tickloom.engine.loading.kernel import load_kernel
from tickloom.engine.loading.plans import step_shape
from tickloom.engine.loading.results import ContractFacts
from tickloom.engine.loops.access import Fn, as_it_is
from tickloom.engine.loops.entry import OK, OUT_OF_BOUNDS
from tickloom.engine.loops.interpreted import constants_in, interpreted_access
from tickloom.engine.loops.many_sets.cells import SharedFeature
from tickloom.engine.loops.many_sets.sharing import SHARED_ARGUMENTS, make_sharing
from tickloom.engine.loops.many_sets.words import WORD, Words
from tickloom.engine.loops.whole_step import (
    author_functions,
    constant_sizes,
    full_tick,
    tick_fields,
)
from tickloom.engine.sweeping.kernel import load_sweep
from tickloom.engine.sweeping.shared import SharedPass
from tickloom.errors import PluginError
from tickloom_kernels.ema_cross_features import KERNEL as EMA_CROSS
from tickloom_kernels.ema_cross_features import Params as EmaParams
from tickloom_kernels.ema_cross_short import KERNEL as EMA_CROSS_SHORT
from tickloom_kernels.ema_cross_short import Params as ShortParams

SETS: Final = [
    Params(span, slow, size, most, open)
    for span, slow, size, most, open in product((1, 9), (2, 20), (1, 3), (25,), (True, False))
]
HIGHEST_BIT: Final = WORD - 1
WORDS: Final = Words(
    bit=lambda place: 1 << place if place < HIGHEST_BIT else -(1 << place),
    above=lambda place: -2 << place if place < HIGHEST_BIT else 0,
    lowest=lambda word: (word & -word).bit_length() - 1,
    rest=lambda word: word & (word - 1) if word != -(1 << HIGHEST_BIT) else 0,
)
"""Python's integers have no sign bit that a shift comes to."""


def in_a_table() -> tuple[Fn, Fn]:
    """``load`` and ``store`` of one feature's values."""
    values: dict[tuple[int, int], Any] = {}
    return (
        lambda _floats, _ints, stride, place: values[stride, place],
        lambda _floats, _ints, stride, place, value: values.update({(stride, place): value}),
    )


def interpreted(spec: KernelSpec) -> InterpretedCode:
    functions, records = author_functions(spec), constant_records(spec, spec.params())
    constants_at = {
        part: constants_in(type(record), kinds_of(spec, record)) for part, record in records.items()
    }
    made = full_tick(tick_fields(spec))
    shape = step_shape(Specialised.of(spec))
    shape = replace(shape, constants=kinds_of(spec, records[""]))
    loop = make_sharing(
        jit=as_it_is,
        features=tuple(
            SharedFeature(
                functions[f"init_{name}"],
                functions[f"update_{name}"],
                as_it_is,
                constants_at[name],
                *in_a_table(),
            )
            for name, _feature in spec.features
        ),
        allows=functions.get("allows"),
        limits_at=constants_at.get(GATE),
        step=functions["author_step"],
        full=lambda tick, values: made(*tick, *(values or ())),
        access=interpreted_access(shape, type(records[""])),
        words=WORDS,
        one=shape.one,
        sizes=constant_sizes(spec),
    )
    return InterpretedCode(spec.name, loop, SHARED_ARGUMENTS)


class Noted:
    """Loop code that says how it ended."""

    def __init__(self, code: InterpretedCode) -> None:
        self.ended: list[int] = []
        self._code = code
        self.tables = code.tables

    def __call__(self, given: Mapping[str, Any]) -> int:
        self.ended.append(self._code(given))
        return self.ended[-1]


def check(spec: KernelSpec, sets: list[Any], ticks: TickSlice) -> None:
    compiled, code = load_sweep(spec), Noted(interpreted(spec))
    columns, none = ticks.arrays(compiled.required_columns), np.zeros(ticks.contracts, np.int64)
    facts = ContractFacts(expiry_day=none, strike=none * 1.0, is_call=none)
    by_python = SharedPass(load_kernel(spec), code)
    found = by_python(sets, ticks.offsets, columns, facts=facts, fill=None, costs=None)
    expected = compiled(sets, ticks.offsets, columns, facts=facts)
    assert code.ended == [OK]
    for name in ("pnl", "trades", "skipped"):
        assert getattr(found, name).tobytes() == getattr(expected, name).tobytes(), name
    assert expected.trades.any() or spec is SHUT


@pytest.mark.parametrize("spec", [SIZED, RESTLESS, SHUT], ids=lambda spec: spec.name)
def test_declared_steps_are_the_compiled_ones(spec: KernelSpec) -> None:
    ticks = random_slice(71, (WORD, 0, 1, 2 * WORD + 1, 300), gaps=0.1)
    ticks.hide_ends()
    check(spec, SETS, ticks)


def test_documented_steps_are_the_compiled_ones() -> None:
    ticks = random_slice(72, (400, 90), gaps=0.05)
    check(EMA_CROSS, [EmaParams(fast=2 + n, slow=9, max_spread=0.01) for n in range(4)], ticks)
    check(EMA_CROSS_SHORT, [ShortParams(fast=2 + n, slow=9) for n in range(9)], ticks)


def test_a_set_that_goes_too_far_ends_the_loop() -> None:
    ticks, code = random_slice(73, (200,)), Noted(interpreted(SIZED))
    columns = ticks.arrays(load_kernel(SIZED).required_columns)
    by_python = SharedPass(load_kernel(SIZED), code)
    sets = [SETS[0], SETS[1], Params(size=4, open=True)]
    with pytest.raises(PluginError, match=r"position of -?4"):
        by_python(sets, ticks.offsets, columns, facts=None, fill=None, costs=None)
    assert code.ended == [OUT_OF_BOUNDS]
