"""One ``init`` and ``step`` of all that a step kernel declares: features, the step, the gate.

What a feature and a gate mean is said here and nowhere else. Compiled loops run it around compiled
functions, the interpreter around the author's own.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from tickloom.engine.kernels.constants import GATE, constant_records
from tickloom.engine.loops.access import Fn, Jit, as_it_is
from tickloom.specs.kernel import KernelSpec


@dataclass(frozen=True, slots=True)
class WholeStep:
    """What a loop calls."""

    init: Callable[..., Any]
    """``init(tick, constants)``: the state at a contract's first tick."""

    step: Callable[..., Any]
    """``step(state, tick, position, constants)``: the new state and the wanted position."""


def is_declared(spec: KernelSpec) -> bool:
    """Whether ``spec`` has anything that a loop cannot call as it is."""
    return spec.init is None or bool(spec.features) or spec.gate is not None


def author_functions(spec: KernelSpec) -> dict[str, Callable[..., Any]]:
    """The plain functions of a step kernel, by their part in it."""
    found = {"author_step": spec.step, "author_init": spec.init}
    for name, feature in spec.features:
        found |= {f"init_{name}": feature.init, f"update_{name}": feature.update}
    if spec.gate is not None:
        found["allows"] = spec.gate.allows
    return {
        name: getattr(function, "py_func", function)
        for name, function in found.items()
        if function is not None
    }


def record_classes(spec: KernelSpec) -> dict[str, type[Any]]:
    """The NamedTuple classes that a whole step makes: constants of each part, and the full tick."""
    records = constant_records(spec, spec.params())
    names = {"": "Own", GATE: "OfGate"}
    classes = {names.get(part, f"Of_{part}"): type(record) for part, record in records.items()}
    return {**classes, "FullTick": full_tick(tick_fields(spec))}


def tick_fields(spec: KernelSpec) -> tuple[str, ...]:
    """Fields of the tick that a step sees."""
    return (*spec.columns, *spec.clock, *(name for name, _feature in spec.features))


@lru_cache(maxsize=256)
def full_tick(fields: tuple[str, ...]) -> type[Any]:
    """The tick's class, one for the same fields."""
    return namedtuple("Tick", fields)


class FeatureParts(NamedTuple):
    """The functions of a feature."""

    init: Fn
    """``(tick, constants)``: its value at a contract's first tick."""

    update: Fn
    """``(value, tick, constants)``: its value at a later one."""

    widen: Fn
    """Brings what ``init`` returns to the type of later values."""

    constants: Fn
    """Its constants, out of all."""


class GateParts(NamedTuple):
    """The functions of a gate."""

    allows: Fn
    """``(tick, constants)``: whether something may be entered."""

    constants: Fn
    """Its constants, out of all."""


class StepParts(NamedTuple):
    """The functions of a step and of all that its kernel declares."""

    features: tuple[FeatureParts, ...]
    """In the order of the tick's fields."""

    gate: GateParts | None
    """None: everything may be entered."""

    init: Fn | None
    """The author's; None for a step that remembers nothing of its own."""

    step: Fn
    """The author's."""

    widen: Fn
    """Brings what ``init`` returns to the type of later states."""

    constants: Fn
    """The step's constants, out of all."""

    full: Fn
    """``(tick, now)``: the tick with the features' values; ``now`` is 0 where there is none."""


def make_features(jit: Jit, features: tuple[FeatureParts, ...]) -> tuple[Fn, Fn]:
    """``begin(tick, constants)`` and ``follow(state, tick, constants)``: the features' values, a
    tuple that ``state`` begins with."""
    (init, update, widen, own), rest = features[0], features[1:]
    more = bool(rest)
    nothing: tuple[Any, Any] = (None, None)
    begin_rest, follow_rest = make_features(jit, rest) if more else nothing

    @jit
    def begin(tick: Any, constants: Any) -> Any:
        now = (widen(init(tick, own(constants))),)
        if more:
            return now + begin_rest(tick, constants)
        return now

    @jit
    def follow(state: Any, tick: Any, constants: Any) -> Any:
        now = (update(state[0], tick, own(constants)),)
        if more:
            return now + follow_rest(state[1:], tick, constants)
        return now

    return begin, follow


def make_whole_step(jit: Jit, parts: StepParts) -> WholeStep:
    """``init`` and ``step`` of all that a kernel declares. The state is a tuple: the features'
    values, then the step's own state; 0 where there is neither."""
    featured, slot = bool(parts.features), len(parts.features)
    nothing: tuple[Any, Any] = (None, None)
    begin, follow = make_features(jit, parts.features) if featured else nothing
    author_init: Any = parts.init
    author_step, widen_own = parts.step, parts.widen
    own, full = parts.constants, parts.full
    remembers, gated = author_init is not None, parts.gate is not None
    allows, limits = parts.gate or nothing

    @jit
    def decide(state: Any, seen: Any, position: int, constants: Any) -> tuple[Any, Any]:
        """The author's own state, 0 if there is none, and the wanted position."""
        if remembers:
            now, wanted = author_step(state[slot], seen, position, own(constants))
            return now, wanted
        return 0, author_step(seen, position, own(constants))

    @jit
    def joined(now: Any, mine: Any) -> Any:
        if featured and remembers:
            return now + (mine,)  # noqa: RUF005
        if remembers:
            return (mine,)
        return now

    @jit
    def init(tick: Any, constants: Any) -> Any:
        now: Any = 0
        if featured:
            now = begin(tick, constants)
        mine: Any = 0
        if remembers:
            mine = widen_own(author_init(full(tick, now), own(constants)))
        return joined(now, mine)

    @jit
    def step(state: Any, tick: Any, position: int, constants: Any) -> tuple[Any, Any]:
        now: Any = 0
        if featured:
            now = follow(state, tick, constants)
        seen = full(tick, now)
        if gated:
            # The gate is behind the step, which is pure: a loop then reads what the gate looks at
            # only where the step wants to enter. Flat or not comes first, so that the step is
            # compiled for each by itself: 6% quicker for ema-cross, 11% in a sweep of it.
            if position == 0:
                mine, wanted = decide(state, seen, 0, constants)
                if wanted != 0 and not allows(tick, limits(constants)):
                    wanted = 0
            else:
                mine, wanted = decide(state, seen, position, constants)
        else:
            mine, wanted = decide(state, seen, position, constants)
        return joined(now, mine), wanted

    return WholeStep(init, step)


@lru_cache(maxsize=64)
def plain_step(spec: KernelSpec) -> WholeStep:
    """For the interpreter: the author's functions as they are."""
    assert spec.step is not None
    if not is_declared(spec):
        assert spec.init is not None
        return WholeStep(spec.init, spec.step)
    functions, classes, places = author_functions(spec), record_classes(spec), constant_places(spec)

    def constants_of(name: str, part: str) -> Fn:
        record, (start, end) = classes[name], places[part]
        return lambda constants: record(*constants[start:end])

    def full(tick: Any, now: Any) -> Any:
        return classes["FullTick"](*tick, *(now or ()))

    features = tuple(
        FeatureParts(
            functions[f"init_{name}"],
            functions[f"update_{name}"],
            as_it_is,
            constants_of(f"Of_{name}", name),
        )
        for name, _feature in spec.features
    )
    gate = GateParts(functions["allows"], constants_of("OfGate", GATE)) if spec.gate else None
    own = constants_of("Own", "")
    init, step = functions.get("author_init"), functions["author_step"]
    parts = StepParts(features, gate, init, step, as_it_is, own, full)
    return make_whole_step(as_it_is, parts)


def constant_places(spec: KernelSpec) -> dict[str, tuple[int, int]]:
    """Where the constants of each part begin and end among those of
    :func:`~tickloom.engine.kernels.constants.prepare_constants`."""
    places, start = {}, 0
    for part, record in constant_records(spec, spec.params()).items():
        places[part] = (start, start + len(record))
        start += len(record)
    return places


class ConstantSizes(NamedTuple):
    """How many constants a sweep's parts have."""

    own: int
    """The step."""

    gate: int
    """A gate."""

    cell: int
    """A cell, whatever its feature: one at least."""


def constant_sizes(spec: KernelSpec) -> ConstantSizes:
    """Those of the parts of ``spec``."""
    sizes = {part: len(own) for part, own in constant_records(spec, spec.params()).items()}
    own, gate = sizes.pop(""), sizes.pop(GATE, 0)
    return ConstantSizes(own, gate, max([1, *sizes.values()]))
