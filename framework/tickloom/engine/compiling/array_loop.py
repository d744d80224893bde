"""Machine code around an author's own loop over arrays."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import carray, types
from numba.core.errors import NumbaError
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic

from tickloom.engine.cache.closure import Closure
from tickloom.engine.compiling.access import F64_POINTER, I64_POINTER, field_type
from tickloom.engine.compiling.machine_code import MachineCode, compile_entry
from tickloom.engine.compiling.records import constants_type, named_record
from tickloom.engine.compiling.refusals import does_not_compile
from tickloom.engine.compiling.step_types import compile_plain, register_helpers
from tickloom.engine.kernels.constants import ConstantsLayout
from tickloom.specs.kernel import KernelSpec


@intrinsic  # type: ignore[untyped-decorator]
def read_only(_typing: Any, array: Any) -> Any:
    """The same array, whose elements compiled code cannot write."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return impl_ret_borrowed(context, builder, signature.return_type, arguments[0])

    return array.copy(readonly=True)(array), generate


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


def define(source: str, path: Path, name: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """Run ``source`` in ``namespace`` and return what it defines as ``name``.

    The text is put into linecache, so that Numba's messages can quote it even where the cache
    folder cannot be written.
    """
    linecache.cache[str(path)] = (len(source), None, source.splitlines(keepends=True), str(path))
    exec(compile(source, str(path), "exec"), namespace)
    function: Callable[..., Any] = namespace[name]
    return function
