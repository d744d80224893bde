"""Machine code of the loops over many parameter sets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core.errors import NumbaError
from numba.extending import intrinsic

from tickloom.engine.cache.closure import Closure
from tickloom.engine.compiling.access import (
    F64_POINTER,
    I64_POINTER,
    column_access,
    constants_access,
    inlined,
)
from tickloom.engine.compiling.declared_types import TypedParts, typed_parts, typed_whole_step
from tickloom.engine.compiling.machine_code import MachineCode, compile_entry
from tickloom.engine.compiling.records import constants_type, with_features
from tickloom.engine.compiling.refusals import does_not_compile
from tickloom.engine.compiling.run_loops import tick_type
from tickloom.engine.compiling.side_by_side import in_rows
from tickloom.engine.compiling.step_types import register_helpers
from tickloom.engine.kernels.constants import GATE, ConstantsLayout
from tickloom.engine.loops.many_sets.cells import FEATURE_SLOTS, SharedFeature
from tickloom.engine.loops.many_sets.lanes import (
    LANES,
    STATE_SLOTS,
    SWEEP_ARGUMENTS,
    SWEEP_NUMBERS,
    make_lanes,
)
from tickloom.engine.loops.many_sets.sharing import (
    SHARED_ARGUMENTS,
    SHARED_NUMBERS,
    make_sharing,
)
from tickloom.engine.loops.many_sets.words import Words
from tickloom.engine.loops.shape import LoopShape
from tickloom.engine.loops.whole_step import constant_sizes
from tickloom.specs.kernel import KernelSpec

_FLOATS: Final = {
    "strike",
    "constants_f",
    "scratch_f",
    "pnl",
    "shared_f",
    "limits_f",
    "now_f",
    "values_f",
    "booked",
}


@intrinsic  # type: ignore[untyped-decorator]
def _trailing_zeros(_typing: Any, bits: Any) -> Any:
    """Place of the lowest bit of an int64 that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), generate


def compile_lanes_loop(
    spec: KernelSpec, shape: LoopShape, layout: ConstantsLayout, closure: Closure
) -> MachineCode:
    """Machine code of the sweep loop in lanes; empty if the state does not fit into lanes."""
    assert spec.step is not None
    register_helpers(spec, closure)
    tick, constants = tick_type(shape.tick), constants_type(layout.record, layout.kinds)
    typed = typed_whole_step(spec, tick, constants)
    lanes = in_rows(typed.state, STATE_SLOTS)
    if lanes is None:
        return MachineCode(b"", ())
    loop = make_lanes(
        jit=inlined(),
        init=typed.init,
        step=typed.step,
        widen=typed.widen,
        load_state=lanes.load,
        store_state=lanes.store,
        access=column_access(
            shape.columns, shape.dtypes, tick, constants, stride=LANES, decodes=False
        ),
        one=shape.one,
        fields=len(layout.kinds),
    )
    try:
        return compile_entry(loop, _types(SWEEP_ARGUMENTS, SWEEP_NUMBERS), wide=True)
    except NumbaError as error:
        raise does_not_compile(spec, "step", spec.step, closure.functions, error) from error


def compile_sharing_loop(
    spec: KernelSpec, shape: LoopShape, layout: ConstantsLayout, closure: Closure
) -> MachineCode:
    """Machine code of the sweep loop that shares features; empty if one of them is too large for
    that."""
    assert spec.step is not None
    register_helpers(spec, closure)
    tick = tick_type(shape.tick)
    # The loop asks about pairs of a tick and a position that no run comes to: a look into a table
    # there ends in an exception, after which the sets are run one by one.
    parts = typed_parts(spec, tick)
    features = _shared_features(spec, parts)
    if features is None:
        return MachineCode(b"", ())
    gate = parts.records.get(GATE)
    loop = make_sharing(
        jit=inlined(),
        features=features,
        allows=parts.names.get("allows"),
        limits_at=constants_access(gate) if spec.gate else None,
        step=parts.names["author_step"],
        full=with_features(parts.full),
        access=column_access(shape.columns, shape.dtypes, tick, parts.records[""], decodes=False),
        words=_words(),
        one=shape.one,
        sizes=constant_sizes(spec),
    )
    try:
        return compile_entry(loop, _types(SHARED_ARGUMENTS, SHARED_NUMBERS), wide=True)
    except NumbaError as error:
        raise does_not_compile(spec, "step", spec.step, closure.functions, error) from error


def _shared_features(spec: KernelSpec, parts: TypedParts) -> tuple[SharedFeature, ...] | None:
    features = []
    for name, _feature in spec.features:
        rows = in_rows(parts.values[name], FEATURE_SLOTS)
        if rows is None:
            return None
        features.append(
            SharedFeature(
                parts.names[f"init_{name}"],
                parts.names[f"update_{name}"],
                parts.names[f"widen_{name}"],
                constants_access(parts.records[name]),
                rows.load,
                rows.store,
            )
        )
    return tuple(features)


@cache
def _words() -> Words:
    jit = inlined()
    return Words(
        jit(lambda place: 1 << place),
        jit(lambda place: -2 << place),
        _trailing_zeros,
        jit(lambda word: word & (word - 1)),
    )


def _types(arguments: Sequence[str], numbers: Sequence[str]) -> tuple[Any, ...]:
    """Numba types of a loop's ``arguments``; ``numbers`` are int64, the others pointers."""
    pointers = (F64_POINTER if name in _FLOATS else I64_POINTER for name in arguments)
    return tuple(
        types.int64 if name in numbers else pointer
        for name, pointer in zip(arguments, pointers, strict=True)
    )
