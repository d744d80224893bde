"""The types of all that a step kernel declares: its features' values, then the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
from numba import types

from tickloom.engine.compiling.records import constants_type, record_type
from tickloom.engine.compiling.refusals import misshapen
from tickloom.engine.compiling.side_by_side import NUMBERS
from tickloom.engine.compiling.step_types import (
    SettledStep,
    check_wanted,
    compile_plain,
    return_type,
    settle_step,
    settled_type,
    settler,
)
from tickloom.engine.kernels.constants import GATE, constant_records, kinds_of
from tickloom.engine.loops.whole_step import (
    author_functions,
    is_declared,
    record_classes,
    whole_source,
)
from tickloom.specs.kernel import KernelSpec


@dataclass(frozen=True, slots=True)
class SettledParts:
    """The parts of a declared step, whose types are known."""

    names: dict[str, Any]
    """What :func:`~tickloom.engine.loops.whole_step.whole_source` calls: compiled functions, and
    the classes of records."""

    values: dict[str, Any]
    """Numba type of each feature's value."""


def settle(spec: KernelSpec, tick: Any, constants: Any) -> SettledStep:
    """``init`` and ``step`` as a loop calls them, compiled for the Numba types ``tick`` (without
    features) and ``constants``.

    Raises :class:`UsageError` with the author's line where types do not settle.
    """
    if not is_declared(spec):
        return settle_step(spec, tick, constants)
    names = settle_parts(spec, tick).names
    exec(whole_source(spec), names)
    init, step = (numba.njit(error_model="numpy")(names[name]) for name in ("init", "step"))
    state = types.unliteral(return_type(spec, "init", init, (tick, constants)))
    return_type(spec, "step", step, (state, tick, types.int64, constants))
    return SettledStep(init, step, settler(state, state), state)


def settle_parts(spec: KernelSpec, tick: Any, *, checked: bool = False) -> SettledParts:
    """Compile each declared function for ``tick``, a Numba type, and settle its types; ``checked``
    as for :func:`~tickloom.engine.compiling.step_types.compile_plain`."""
    assert spec.step is not None
    functions = {
        name: compile_plain(spec, function, checked=checked)
        for name, function in author_functions(spec).items()
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
        values[name] = _settled_value(spec, name, update, first, (tick, records[name]))
        names[f"settle_{name}"] = settler(first, values[name])
    full = record_type(classes["FullTick"], [*tick, *values.values()])
    step, rest = functions["author_step"], (full, types.int64, records[""])
    if spec.init is None:
        check_wanted(spec, step, return_type(spec, "step", step, rest))
    else:
        own = settle_step(spec, full, records[""])
        names |= {"author_init": own.init, "author_step": own.step, "settle__own": own.settle}
    if spec.gate is not None:
        allows = return_type(spec, "allows of gate", functions["allows"], (tick, records[GATE]))
        if not isinstance(allows, types.Boolean):
            what = f"must return a bool; it returns {allows}"
            raise misshapen(spec, "allows of gate", functions["allows"], what)
    return SettledParts(names, values)


def _settled_value(
    spec: KernelSpec, name: str, update: Callable[..., Any], first: Any, rest: tuple[Any, ...]
) -> Any:
    role = f"update of feature {name!r}"

    def after(value: Any) -> Any:
        return types.unliteral(return_type(spec, role, update, (value, *rest)))

    value = settled_type(spec, role, update, types.unliteral(first), after)
    fields = list(value) if isinstance(value, types.BaseTuple) else [value]
    if not all(isinstance(field, NUMBERS) for field in fields):
        what = f"must return a number or a NamedTuple of numbers; it returns {value}"
        raise misshapen(spec, role, update, what)
    return value
