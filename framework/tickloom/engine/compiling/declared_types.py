"""The types of all that a step kernel declares: its features' values, then the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from numba import types

from tickloom.engine.compiling.access import inlined
from tickloom.engine.compiling.records import (
    constants_type,
    part_of,
    record_type,
    with_features,
)
from tickloom.engine.compiling.refusals import misshapen
from tickloom.engine.compiling.side_by_side import NUMBERS
from tickloom.engine.compiling.step_types import (
    TypedStep,
    check_wanted,
    compile_plain,
    lasting_type,
    return_type,
    typed_step,
    widening,
)
from tickloom.engine.kernels.constants import GATE, constant_records, kinds_of
from tickloom.engine.loops.access import as_it_is
from tickloom.engine.loops.whole_step import (
    FeatureParts,
    GateParts,
    StepParts,
    author_functions,
    constant_places,
    is_declared,
    make_whole_step,
    record_classes,
)
from tickloom.specs.kernel import KernelSpec


@dataclass(frozen=True, slots=True)
class TypedParts:
    """The parts of a declared step, whose types are known."""

    names: dict[str, Any]
    """Compiled functions by their part in the kernel: :func:`~tickloom.engine.loops.whole_step
    .author_functions`, ``widen_NAME`` of each feature and ``widen__own``; and the classes of
    records."""

    values: dict[str, Any]
    """Numba type of each feature's value."""

    records: dict[str, Any]
    """Numba type of each part's constants."""

    full: Any
    """Numba type of the tick that the step sees."""


@cache
def typed_whole_step(spec: KernelSpec, tick: Any, constants: Any) -> TypedStep:
    """``init`` and ``step`` as all loops call them, compiled for the Numba types ``tick`` (without
    features) and ``constants``.

    Raises :class:`UsageError` with the author's line where a type does not last.
    """
    if not is_declared(spec):
        return typed_step(spec, tick, constants)
    whole = make_whole_step(inlined(), _step_parts(spec, typed_parts(spec, tick), constants))
    state = types.unliteral(return_type(spec, "init", whole.init, (tick, constants)))
    return_type(spec, "step", whole.step, (state, tick, types.int64, constants))
    return TypedStep(whole.init, whole.step, widening(state, state), state)


def _step_parts(spec: KernelSpec, typed: TypedParts, constants: Any) -> StepParts:
    names, places = typed.names, constant_places(spec)
    own = {
        part: part_of(constants, places[part][0], record) for part, record in typed.records.items()
    }
    return StepParts(
        features=tuple(
            FeatureParts(
                names[f"init_{name}"], names[f"update_{name}"], names[f"widen_{name}"], own[name]
            )
            for name, _feature in spec.features
        ),
        gate=GateParts(names["allows"], own[GATE]) if spec.gate else None,
        init=names.get("author_init"),
        step=names["author_step"],
        widen=names.get("widen__own", as_it_is),
        constants=own[""],
        full=with_features(typed.full),
    )


def typed_parts(spec: KernelSpec, tick: Any) -> TypedParts:
    """Compile each declared function for ``tick``, a Numba type, and find its types."""
    assert spec.step is not None
    functions = {
        name: compile_plain(spec, function) for name, function in author_functions(spec).items()
    }
    classes = record_classes(spec)
    records = {
        part: constants_type(type(record), kinds_of(spec, record))
        for part, record in constant_records(spec, spec.params()).items()
    }
    names: dict[str, Any] = {**functions, **classes}
    values: dict[str, Any] = {}
    for name, _feature in spec.features:
        init, update = functions[f"init_{name}"], functions[f"update_{name}"]
        first = return_type(spec, f"init of feature {name!r}", init, (tick, records[name]))
        values[name] = _lasting_value(spec, name, update, first, (tick, records[name]))
        names[f"widen_{name}"] = widening(first, values[name])
    full = record_type(classes["FullTick"], [*tick, *values.values()])
    step, rest = functions["author_step"], (full, types.int64, records[""])
    if spec.init is None:
        check_wanted(spec, step, return_type(spec, "step", step, rest))
    else:
        own = typed_step(spec, full, records[""])
        names |= {"author_init": own.init, "author_step": own.step, "widen__own": own.widen}
    if spec.gate is not None:
        allows = return_type(spec, "allows of gate", functions["allows"], (tick, records[GATE]))
        if not isinstance(allows, types.Boolean):
            what = f"must return a bool; it returns {allows}"
            raise misshapen(spec, "allows of gate", functions["allows"], what)
    return TypedParts(names, values, records, full)


def _lasting_value(
    spec: KernelSpec, name: str, update: Callable[..., Any], first: Any, rest: tuple[Any, ...]
) -> Any:
    role = f"update of feature {name!r}"

    def after(value: Any) -> Any:
        return types.unliteral(return_type(spec, role, update, (value, *rest)))

    value = lasting_type(spec, role, update, types.unliteral(first), after)
    fields = list(value) if isinstance(value, types.BaseTuple) else [value]
    if not all(isinstance(field, NUMBERS) for field in fields):
        what = f"must return a number or a NamedTuple of numbers; it returns {value}"
        raise misshapen(spec, role, update, what)
    return value
