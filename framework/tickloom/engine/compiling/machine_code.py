"""Compiles a loop to object code with a plain C entry point.

The entry is a few lines of LLVM IR around Numba's function: unlike ``numba.cfunc`` it needs no
Python symbol, so the object can be linked and run by llvmlite alone, without importing Numba.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from llvmlite import ir
from numba.core import compiler
from numba.core.codegen import JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

from tickloom.engine.loops.entry import ENTRY, RAISED


@dataclass(frozen=True, slots=True)
class MachineCode:
    """One compiled loop."""

    image: bytes
    """The object file, in the platform's format."""

    needs: tuple[str, ...]
    """Symbols that it takes from the process: libm, and Numba's runtime if arrays are made."""


def compile_entry(
    dispatcher: Any, arguments: tuple[Any, ...], *, wide: bool = False
) -> MachineCode:
    """Object code of ``dispatcher`` for Numba types ``arguments``: integers and pointers.

    The entry returns what the function returns, an int64, or :data:`RAISED` if it raised. ``wide``
    asks for the widest vectors that the CPU has.
    """
    context = _wide_context() if wide else cpu_target.target_context
    flags = compiler.Flags()
    cpu_target.options.parse_as_flags(flags, dispatcher.targetoptions)
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    # Without a way in from Python the loop is not made ready by itself: its library is the entry's,
    # which is compiled once. A loop over lanes is optimised once more: vectorised by the first
    # pass, many sets at a time take 1.1 to 1.6 times as long.
    flags.no_compile, flags.forceinline = True, False
    with global_compiler_lock:
        library = context.codegen().create_library(ENTRY)
        library.enable_object_caching()
        inner = context.codegen().create_library(ENTRY) if wide else library
        function = dispatcher.py_func
        compiled = compiler.compile_extra(
            cpu_target.typing_context, context, function, arguments, None, flags, {}, inner
        )
        library.add_ir_module(_entry_module(library, context, compiled.fndesc))
        if wide:
            library.add_linking_library(inner)
        library.finalize()
        library.get_pointer_to_function(ENTRY)
        _name, _kind, (image, _bitcode) = library.serialize_using_object_code()
    return MachineCode(image, _external(library))


class _WideCodegen(JITCPUCodegen):  # type: ignore[misc]
    """LLVM keeps to 256 bits on CPUs that once paid for 512 with their clock. Where a loop does
    nothing but vector arithmetic it pays: a sweep of ema-cross over 64 sets did 1,180-1,200 M
    row-params/s with 512 bits and 940-1,050 with 256 (Xeon of 2021, one core)."""

    def _customize_tm_features(self) -> str:
        features = str(super()._customize_tm_features())
        return f"{features},-prefer-256-bit" if "+avx512f" in features else features


@cache
def _wide_context() -> Any:
    return cpu_target.target_context.subtarget(_internal_codegen=_WideCodegen("tickloom.wide"))


def _entry_module(library: Any, context: Any, described: Any) -> Any:
    module = library.create_ir_module(ENTRY)
    convention = context.call_conv
    inner = ir.Function(
        module,
        convention.get_function_type(described.restype, described.argtypes),
        described.llvm_func_name,
    )
    values = [context.get_value_type(argument) for argument in described.argtypes]
    entry = ir.Function(module, ir.FunctionType(ir.IntType(64), values), ENTRY)
    builder = ir.IRBuilder(entry.append_basic_block())
    status, result = convention.call_function(
        builder, inner, described.restype, described.argtypes, entry.args
    )
    builder.ret(builder.select(status.is_error, ir.IntType(64)(RAISED), result))
    return module


def _external(library: Any) -> tuple[str, ...]:
    module = library._final_module
    names = {function.name for function in module.functions if function.is_declaration}
    names |= {variable.name for variable in module.global_variables if variable.is_declaration}
    return tuple(sorted(name for name in names if not name.startswith("llvm.")))
