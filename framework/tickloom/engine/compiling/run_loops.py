"""Machine code of the loops over one parameter set."""

from __future__ import annotations

from typing import Any, Final

from numba import types
from numba.core.errors import NumbaError
from numba.extending import register_jitable

from tickloom.engine.cache.closure import Closure
from tickloom.engine.compiling.access import (
    F64_POINTER,
    I64_POINTER,
    column_access,
    field_type,
    inlined,
)
from tickloom.engine.compiling.declared_types import typed_whole_step
from tickloom.engine.compiling.machine_code import MachineCode, compile_entry
from tickloom.engine.compiling.records import constants_type, record_type
from tickloom.engine.compiling.refusals import does_not_compile
from tickloom.engine.compiling.step_types import register_helpers
from tickloom.engine.kernels.constants import ConstantsLayout
from tickloom.engine.loops import stepless
from tickloom.engine.loops.entry import RUN_ARGUMENTS, RUN_NUMBERS
from tickloom.engine.loops.one_set import make_loop
from tickloom.engine.loops.shape import LoopShape
from tickloom.engine.loops.whole_step import full_tick
from tickloom.engine.orders import book
from tickloom.specs.kernel import KernelSpec

_FLOATS: Final = ("strike", "constants_f", "terms", "multiplier", "outcomes", "log_f")
_POINTERS: Final = {True: F64_POINTER, False: I64_POINTER}
_TYPES: Final = tuple(
    types.int64 if name in RUN_NUMBERS else _POINTERS[name in _FLOATS] for name in RUN_ARGUMENTS
)

for _function in book.FUNCTIONS:
    register_jitable(_function)


def tick_type(fields: tuple[str, ...]) -> Any:
    """The type of a tick with ``fields``; one class for the same fields."""
    return record_type(full_tick(fields), [field_type(name) for name in fields])


def compile_step_loop(
    spec: KernelSpec, shape: LoopShape, layout: ConstantsLayout, closure: Closure
) -> MachineCode:
    """Machine code of the loop around a step."""
    assert spec.step is not None
    register_helpers(spec, closure)
    tick, constants = tick_type(shape.tick), constants_type(layout.record, layout.kinds)
    typed = typed_whole_step(spec, tick, constants)
    access = column_access(shape.columns, shape.dtypes, tick, constants)
    jit = inlined(shape.variant.checked)
    loop = make_loop(jit, typed.init, typed.step, typed.widen, access, shape)
    try:
        return compile_entry(loop, _TYPES)
    except NumbaError as error:
        raise does_not_compile(spec, "step", spec.step, closure.functions, error) from error


def compile_wanted_loop(shape: LoopShape) -> MachineCode:
    """Machine code of a loop that takes wanted positions from a column."""
    tick, constants = tick_type(shape.tick), constants_type(stepless.NoConstants, ())
    access = column_access(shape.columns, shape.dtypes, tick, constants)
    jit = inlined(shape.variant.checked)
    init, step, widen = (jit(function) for function in stepless.FUNCTIONS)
    return compile_entry(make_loop(jit, init, step, widen, access, shape), _TYPES)
