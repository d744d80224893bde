"""A loop's cache key covers its factory and all that this refers to, and the way of compiling."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.engine import scripted

from tickloom import KernelSpec
from tickloom.engine.cache import key
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.loading import plans
from tickloom.engine.loading.plans import Plan, step_plan, sweep_plan, wanted_plan
from tickloom.engine.loops import booking, orders, plain, stepless
from tickloom.engine.loops.many_sets import cells, lanes, sharing
from tickloom_kernels.ema_cross_short import KERNEL as DECLARED


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    plans._loop_digest.cache_clear()
    yield
    plans._loop_digest.cache_clear()


def step(spec: KernelSpec) -> Plan:
    return step_plan(Specialised.of(spec))


def sweep(spec: KernelSpec) -> Plan:
    return sweep_plan(Specialised.of(spec))


def wanted(spec: KernelSpec) -> Plan:
    return wanted_plan(Specialised.of(spec))


@pytest.mark.parametrize(
    ("plan", "spec", "module", "name", "other"),
    [
        (step, scripted.ONE, plain, "DECODED_ROWS", 64),
        (step, scripted.ONE, booking, "SELL_RATE", 2),
        (step, scripted.ONE, orders, "touch_price", lambda delta, bid, ask: bid),
        (step, scripted.ONE, plain, "make_booked", lambda jit, one: None),
        (sweep, scripted.ONE, lanes, "OUT_OF_BOUNDS", 7),
        (sweep, DECLARED, sharing, "MASKS", 4),
        (sweep, DECLARED, sharing, "make_booked", lambda jit, one: None),
        (sweep, DECLARED, cells, "GROUP", 4),
        (sweep, DECLARED, cells, "CELL_ROW", 256),
        (wanted, scripted.ARRAY, stepless, "FUNCTIONS", (stepless.init, stepless.init, max)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_loop_is_made_of_changes_its_key(
    plan: Callable[[KernelSpec], Plan],
    spec: KernelSpec,
    module: object,
    name: str,
    other: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = plan(spec).key
    assert plan(spec).key == before
    monkeypatch.setattr(module, name, other)
    plans._loop_digest.cache_clear()
    assert plan(spec).key != before
    monkeypatch.undo()
    plans._loop_digest.cache_clear()
    assert plan(spec).key == before


def test_the_way_of_compiling_is_part_of_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = step(DECLARED).key, sweep(DECLARED).key, wanted(scripted.ARRAY).key
    monkeypatch.setattr(key, "_way_of_compiling", lambda: "another")
    after = step(DECLARED).key, sweep(DECLARED).key, wanted(scripted.ARRAY).key
    assert not set(before) & set(after)
