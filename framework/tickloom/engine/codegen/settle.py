"""The types of a step: compiles ``init`` and ``step`` and finds the types of state and position."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numba
from numba import types
from numba.core.errors import NumbaError
from numba.extending import register_jitable

from tickloom.engine.codegen.closure import Closure
from tickloom.engine.codegen.refusals import does_not_compile, misshapen, unsettled
from tickloom.specs.kernel import KernelSpec

_ROUNDS: Final = 3
"""An int in ``init`` that becomes a float in ``step`` settles in the second round."""

_registered: set[Callable[..., Any]] = set()


@dataclass(frozen=True, slots=True)
class SettledStep:
    """A step whose types are known."""

    init: Callable[..., Any]
    """Compiled ``init``."""

    step: Callable[..., Any]
    """Compiled ``step``."""

    settle: Callable[..., Any]
    """Brings what ``init`` returns to the state's type."""

    state: Any
    """Numba type of the state."""


def jit_options(spec: KernelSpec) -> dict[str, Any]:
    """Options of the author's functions: strict arithmetic but for the flags opted into.

    ``error_model`` numpy: a division by zero gives inf or NaN instead of an exception, which would
    cost a branch at each division.
    """
    return {"error_model": "numpy", "fastmath": set(spec.flags) if spec.flags else False}


def register_helpers(spec: KernelSpec, closure: Closure) -> None:
    """Make the plain functions that the author's functions call callable from compiled code.

    Without options: strict arithmetic or its flags come from the caller, and kernels with other
    flags may share a helper.
    """
    own = {getattr(f, "py_func", f) for f in (spec.init, spec.step, spec.loop) if f is not None}
    for function in closure.functions:
        if function not in own and function not in _registered:
            register_jitable(function)
            _registered.add(function)


def settle_step(spec: KernelSpec, tick: Any, constants: Any) -> SettledStep:
    """Compile ``init`` and ``step`` for the Numba types ``tick`` and ``constants``.

    Raises :class:`UsageError` with the author's line where types do not settle.
    """
    assert spec.init is not None
    assert spec.step is not None
    init = compile_plain(spec, "init", spec.init)
    step = compile_plain(spec, "step", spec.step)
    first = _return_type(spec, "init", init, (tick, constants))
    state = first
    for _ in range(_ROUNDS):
        returned = _return_type(spec, "step", step, (state, tick, types.int64, constants))
        after = _state_of(spec, returned)
        if after == state:
            return SettledStep(init, step, _settler(first, state), state)
        state = _wider(spec, state, after)
    raise unsettled(spec, state, after)


def compile_plain(spec: KernelSpec, role: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` as a Numba dispatcher with the host's options."""
    plain = getattr(function, "py_func", function)
    compiled: Callable[..., Any] = numba.njit(**jit_options(spec))(plain)
    return compiled


def _return_type(spec: KernelSpec, role: str, function: Any, arguments: tuple[Any, ...]) -> Any:
    try:
        function.compile(arguments)
    except NumbaError as error:
        raise does_not_compile(spec, role, function, _registered, error) from error
    return function.overloads[arguments].signature.return_type


def _state_of(spec: KernelSpec, returned: Any) -> Any:
    if not isinstance(returned, types.BaseTuple) or len(returned) != 2:
        raise misshapen(spec, f"must return (state, wanted position); it returns {returned}")
    state, wanted = returned
    if not isinstance(types.unliteral(wanted), types.Integer | types.Boolean):
        raise misshapen(spec, f"must return an int as wanted position; it returns {wanted}")
    return types.unliteral(state)


def _wider(spec: KernelSpec, before: Any, after: Any) -> Any:
    """The type that holds both states, field by field."""
    same_shape = isinstance(before, types.BaseTuple) and isinstance(after, types.BaseTuple)
    if same_shape and _is_record_like(before, after):
        fields = [_wider_number(b, a) for b, a in zip(before, after, strict=True)]
        if None not in fields:
            return _rebuilt(after, fields)
    number = _wider_number(before, after)
    if number is None:
        raise unsettled(spec, before, after)
    return number


def _is_record_like(before: Any, after: Any) -> bool:
    same_class = getattr(before, "instance_class", None) is getattr(after, "instance_class", None)
    return same_class and len(before) == len(after)


def _wider_number(before: Any, after: Any) -> Any:
    if before == after:
        return after
    if isinstance(before, types.Number | types.Boolean) and isinstance(
        after, types.Number | types.Boolean
    ):
        return numba.core.registry.cpu_target.typing_context.unify_types(before, after)
    return None


def _rebuilt(like: Any, fields: list[Any]) -> Any:
    if isinstance(like, types.NamedTuple | types.NamedUniTuple):
        cls = like.instance_class
        uniform = len(set(fields)) == 1
        return (
            types.NamedUniTuple(fields[0], len(fields), cls)
            if uniform
            else types.NamedTuple(fields, cls)
        )
    return types.BaseTuple.from_types(fields)


def _settler(first: Any, state: Any) -> Callable[..., Any]:
    """A function from ``init``'s type to the state's."""
    if first == state:
        source = "lambda state: state"
        namespace: dict[str, Any] = {}
    elif isinstance(state, types.BaseTuple):
        casts = ", ".join(f"cast{i}(state[{i}])" for i in range(len(state)))
        cls = getattr(state, "instance_class", None)
        source = f"lambda state: record({casts})" if cls else f"lambda state: ({casts},)"
        namespace = {f"cast{i}": field for i, field in enumerate(state)} | {"record": cls}
    else:
        source, namespace = "lambda state: cast(state)", {"cast": state}
    compiled: Callable[..., Any] = numba.njit(error_model="numpy")(eval(source, namespace))
    return compiled
