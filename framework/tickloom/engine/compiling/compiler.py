"""Compiles kernels: source text, types, machine code. Importing this imports Numba."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.core.errors import NumbaError
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic

from tickloom.engine.cache.closure import Closure
from tickloom.engine.compiling.access import (
    F64_POINTER,
    I64_POINTER,
    column_access,
    field_type,
    inlined,
)
from tickloom.engine.compiling.declared_types import settle, settle_parts
from tickloom.engine.compiling.hundredths import hundredths, hundredths_or_nan
from tickloom.engine.compiling.machine_code import MachineCode, compile_entry
from tickloom.engine.compiling.records import constants_type, named_record
from tickloom.engine.compiling.refusals import does_not_compile
from tickloom.engine.compiling.run_loops import tick_type
from tickloom.engine.compiling.side_by_side import in_rows
from tickloom.engine.compiling.step_types import compile_plain, register_helpers
from tickloom.engine.kernels.constants import ConstantsLayout
from tickloom.engine.loops.many_sets.lanes import (
    LANES,
    STATE_SLOTS,
    SWEEP_ARGUMENTS,
    SWEEP_NUMBERS,
    make_lanes,
)
from tickloom.engine.loops.many_sets.sharing import FEATURE_SLOTS, SHARED_ARGUMENTS, SharedShape
from tickloom.engine.loops.shape import LoopShape
from tickloom.errors import UsageError
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
_COUNTS: Final = {"contracts", "blocks", "bound", "sets", "gates", "cells"}


@intrinsic  # type: ignore[untyped-decorator]
def read_only(_typing: Any, array: Any) -> Any:
    """The same array, whose elements compiled code cannot write."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return impl_ret_borrowed(context, builder, signature.return_type, arguments[0])

    return array.copy(readonly=True)(array), generate


@cache
def _load(dtype: str) -> Any:
    """``load(address, row)``: the value of type ``dtype`` at ``row`` of what begins at ``address``.

    Not an array made by ``carray``: one that a loop exchanges for another is counted by Numba's
    runtime, which a loop has to do without.
    """
    kind = getattr(types, dtype)

    @intrinsic  # type: ignore[untyped-decorator]
    def load(_typing: Any, address: Any, row: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = context.get_value_type(types.CPointer(kind))
            start = builder.inttoptr(arguments[0], pointer)
            return builder.load(builder.gep(start, [arguments[1]]))

        return kind(types.int64, types.int64), generate

    return load


@intrinsic  # type: ignore[untyped-decorator]
def _trailing_zeros(_typing: Any, bits: Any) -> Any:
    """Place of the lowest bit of an int64 that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), generate


if numba.config.DISABLE_JIT:
    raise UsageError("kernels cannot be compiled while NUMBA_DISABLE_JIT is set; unset it")


def compile_lanes_loop(
    spec: KernelSpec, shape: LoopShape, layout: ConstantsLayout, closure: Closure
) -> MachineCode:
    """Machine code of the sweep loop in lanes; empty if the state does not fit into lanes."""
    assert spec.step is not None
    register_helpers(spec, closure)
    tick, constants = tick_type(shape.tick), constants_type(layout.record, layout.kinds)
    settled = settle(spec, tick, constants)
    lanes = in_rows(settled.state, STATE_SLOTS)
    if lanes is None:
        return MachineCode(b"", ())
    loop = make_lanes(
        jit=inlined(),
        init=settled.init,
        step=settled.step,
        settle=settled.settle,
        load_state=lanes.load,
        store_state=lanes.store,
        access=column_access(
            shape.columns, shape.dtypes, tick, constants, stride=LANES, decodes=False
        ),
        one=shape.one,
        fields=len(layout.kinds),
    )
    pointers = (F64_POINTER if name in _FLOATS else I64_POINTER for name in SWEEP_ARGUMENTS)
    arguments = tuple(
        types.int64 if name in SWEEP_NUMBERS else pointer
        for name, pointer in zip(SWEEP_ARGUMENTS, pointers, strict=True)
    )
    try:
        return compile_entry(loop, arguments, wide=True)
    except NumbaError as error:
        raise does_not_compile(spec, "step", spec.step, closure.functions, error) from error


def compile_shared_loop(
    spec: KernelSpec, shape: SharedShape, closure: Closure, source: str, path: Path
) -> MachineCode:
    """Machine code of the sweep loop ``source`` that shares features; empty if one of them is too
    large for that."""
    assert spec.step is not None
    register_helpers(spec, closure)
    tick = tick_type(shape.loop.tick)
    # The loop asks about pairs of a tick and a position that no run comes to: a look into a table
    # there ends in an exception, after which the sets are run one by one.
    parts = settle_parts(spec, tick)
    names = {**parts.names, "Tick": tick.instance_class, "trailing_zeros": _trailing_zeros}
    for name, value in parts.values.items():
        rows = in_rows(value, FEATURE_SLOTS)
        if rows is None:
            return MachineCode(b"", ())
        names |= {f"load_{name}": rows.load, f"store_{name}": rows.store}
    addresses = (types.int64 for _ in shape.loop.columns)
    fixed = (
        types.int64 if name in _COUNTS else (F64_POINTER if name in _FLOATS else I64_POINTER)
        for name in SHARED_ARGUMENTS
    )
    loop = _loop(shape.loop, source, path, names)
    try:
        return compile_entry(loop, (*fixed, *addresses), wide=True)
    except NumbaError as error:
        raise does_not_compile(spec, "step", spec.step, closure.functions, error) from error


def compile_array_loop(
    spec: KernelSpec,
    layout: ConstantsLayout,
    closure: Closure,
    source: str,
    path: Path,
) -> MachineCode:
    """Machine code of an author's own loop. Its input arrays are read-only: writing to one does
    not compile."""
    assert spec.loop is not None
    register_helpers(spec, closure)
    fields = spec.columns + spec.clock
    pointers = [field_type(name) for name in fields]
    arrays = [types.Array(dtype, 1, "C", readonly=True) for dtype in pointers]
    columns = named_record("Columns", fields, arrays)
    offsets = types.Array(types.int64, 1, "C", readonly=True)
    wanted = types.Array(types.int32, 1, "C")
    # Whatever the variant: an index beyond a contract's rows would read or write what belongs to
    # others, or end the process. ema-cross-array took as long as without (15 ms for 2 M rows).
    author = compile_plain(spec, spec.loop)
    try:
        author.compile((offsets, columns, constants_type(layout.record, layout.kinds), wanted))
    except NumbaError as error:
        raise does_not_compile(spec, "loop", spec.loop, closure.functions, error) from error
    author.disable_compile()
    names = {
        "author": author,
        "read_only": read_only,
        "carray": carray,
        "Columns": columns.instance_class,
        "Constants": layout.record,
    }
    entry = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)(
        define(source, path, "loop", names)
    )
    columns_at = (types.CPointer(dtype) for dtype in pointers)
    constants_at = (F64_POINTER, I64_POINTER)
    return compile_entry(
        entry, (types.int64, I64_POINTER, *columns_at, *constants_at, types.CPointer(types.int32))
    )


def _loop(shape: LoopShape, source: str, path: Path, names: dict[str, Any]) -> Any:
    namespace = {
        **{f"{dtype}_at": _load(dtype) for dtype in {*shape.dtypes, "float64", "int64"}},
        "signed": np.int64,
        "hundredths": hundredths,
        "hundredths_or_nan": hundredths_or_nan,
        **names,
    }
    return numba.njit(
        error_model="numpy",
        boundscheck=shape.variant.checked,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
    )(define(source, path, "loop", namespace))


def define(source: str, path: Path, name: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """Run ``source`` in ``namespace`` and return what it defines as ``name``.

    The text is put into linecache, so that Numba's messages can quote it even where the cache
    folder cannot be written.
    """
    linecache.cache[str(path)] = (len(source), None, source.splitlines(keepends=True), str(path))
    exec(compile(source, str(path), "exec"), namespace)
    function: Callable[..., Any] = namespace[name]
    return function
