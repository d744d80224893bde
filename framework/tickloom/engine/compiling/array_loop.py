"""Machine code around an author's own loop over arrays."""

from __future__ import annotations

from typing import Any, Final

import numba
from llvmlite import ir
from numba import carray, types
from numba.core.errors import NumbaError
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from tickloom.engine.cache.closure import Closure
from tickloom.engine.compiling.access import (
    F64_POINTER,
    I64_POINTER,
    constants_access,
    field_type,
)
from tickloom.engine.compiling.machine_code import MachineCode, compile_entry
from tickloom.engine.compiling.records import constants_type, named_record
from tickloom.engine.compiling.refusals import does_not_compile
from tickloom.engine.compiling.step_types import UNWRAPPED, compile_plain, register_helpers
from tickloom.engine.kernels.constants import ConstantsLayout
from tickloom.engine.loops.entry import ARRAY_ARGUMENTS
from tickloom.specs.kernel import KernelSpec

_I64: Final = ir.IntType(64)
_ENTRY_TYPES: Final = {
    "contracts": types.int64,
    "offsets": I64_POINTER,
    "fields": I64_POINTER,
    "constants_f": F64_POINTER,
    "constants_i": I64_POINTER,
    "wanted": types.CPointer(types.int32),
}
"""Of :data:`~tickloom.engine.loops.entry.ARRAY_ARGUMENTS`."""


@intrinsic  # type: ignore[untyped-decorator]
def _read_only(_typing: Any, array: Any) -> Any:
    """The same array, whose elements compiled code cannot write."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return impl_ret_borrowed(context, builder, signature.return_type, arguments[0])

    return array.copy(readonly=True)(array), generate


def _columns_at(columns: Any) -> Any:
    """``(fields, rows)``: the arrays at the addresses ``fields``, ``rows`` long each, as the
    NamedTuple type ``columns``."""

    @intrinsic  # type: ignore[untyped-decorator]
    def columns_at(_typing: Any, fields: Any, rows: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            addresses, rows = arguments
            arrays = []
            for slot, kind in enumerate(columns):
                address = builder.load(builder.gep(addresses, [_I64(slot)]))
                size = _I64(context.get_abi_sizeof(context.get_data_type(kind.dtype)))
                array = make_array(kind)(context, builder)
                populate_array(
                    array,
                    data=builder.inttoptr(address, array.data.type),
                    shape=(rows,),
                    strides=(size,),
                    itemsize=size,
                    meminfo=None,
                )
                arrays.append(array._getvalue())
            return context.make_tuple(builder, columns, arrays)

        return columns(I64_POINTER, types.int64), generate

    return columns_at


def compile_array_loop(spec: KernelSpec, layout: ConstantsLayout, closure: Closure) -> MachineCode:
    """Machine code of an author's own loop. Its input arrays are read-only: writing to one does
    not compile."""
    assert spec.loop is not None
    register_helpers(spec, closure)
    fields = spec.columns + spec.clock
    arrays = [types.Array(field_type(name), 1, "C", readonly=True) for name in fields]
    columns = named_record("Columns", fields, arrays)
    constants = constants_type(layout.record, layout.kinds)
    offsets_type = types.Array(types.int64, 1, "C", readonly=True)
    wanted_type = types.Array(types.int32, 1, "C")
    # Whatever the variant: an index beyond a contract's rows would read or write what belongs to
    # others, or end the process. ema-cross-array took as long as without (15 ms for 2 M rows).
    author = compile_plain(spec, spec.loop)
    try:
        author.compile((offsets_type, columns, constants, wanted_type))
    except NumbaError as error:
        raise does_not_compile(spec, "loop", spec.loop, closure.functions, error) from error
    author.disable_compile()
    columns_at, constants_at = _columns_at(columns), constants_access(constants)

    def loop(
        contracts: int, offsets: Any, fields: Any, constants_f: Any, constants_i: Any, wanted: Any
    ) -> int:
        rows = offsets[contracts]
        bounds = _read_only(carray(offsets, contracts + 1))
        made = constants_at(constants_f, constants_i, 0)
        author(bounds, columns_at(fields, rows), made, carray(wanted, rows))
        return 0

    arguments = tuple(_ENTRY_TYPES[name] for name in ARRAY_ARGUMENTS)
    return compile_entry(numba.njit(**UNWRAPPED)(loop), arguments)
