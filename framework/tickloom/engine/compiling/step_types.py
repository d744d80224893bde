"""The types of a step: compiles ``init`` and ``step`` and finds the types of state and position."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numba
from numba import types
from numba.core.errors import NumbaError
from numba.extending import register_jitable

from tickloom.engine.cache.closure import Closure
from tickloom.engine.compiling.records import record_type
from tickloom.engine.compiling.refusals import changed_type, does_not_compile, misshapen
from tickloom.specs.kernel import KernelSpec

_ROUNDS: Final = 3
"""An int in ``init`` that becomes a float in ``step`` keeps its type from the second round on."""

UNWRAPPED: Final = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""For functions that compiled code alone calls: two more in each library would be compiled."""

CHECKED: Final = {"boundscheck": True}
"""An index beyond an array would read whatever lies there: another profit in every run."""

_registered: set[Callable[..., Any]] = set()


@dataclass(frozen=True, slots=True)
class TypedStep:
    """A step whose types are known."""

    init: Callable[..., Any]
    """Compiled ``init``."""

    step: Callable[..., Any]
    """Compiled ``step``."""

    widen: Callable[..., Any]
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

    Strict arithmetic or its flags come from the caller, so that kernels with other flags may share
    a helper.
    """
    own = {getattr(f, "py_func", f) for f in (spec.init, spec.step, spec.loop) if f is not None}
    for function in closure.functions:
        if function not in own and function not in _registered:
            register_jitable(**CHECKED)(function)
            _registered.add(function)


def typed_step(spec: KernelSpec, tick: Any, constants: Any) -> TypedStep:
    """Compile ``init`` and ``step`` for the Numba types ``tick`` and ``constants``.

    Raises :class:`UsageError` with the author's line where a type does not last.
    """
    assert spec.init is not None
    assert spec.step is not None
    init = compile_plain(spec, spec.init)
    step = compile_plain(spec, spec.step)
    first = return_type(spec, "init", init, (tick, constants))

    def after(state: Any) -> Any:
        returned = return_type(spec, "step", step, (state, tick, types.int64, constants))
        if not isinstance(returned, types.BaseTuple) or len(returned) != 2:
            what = f"must return (state, wanted position); it returns {returned}"
            raise misshapen(spec, "step", step, what)
        check_wanted(spec, step, returned[1])
        return types.unliteral(returned[0])

    state = lasting_type(spec, "step", step, first, after)
    return TypedStep(init, step, widening(first, state), state)


def lasting_type(
    spec: KernelSpec, role: str, function: Any, first: Any, after: Callable[[Any], Any]
) -> Any:
    """The type that ``first`` has come to where ``after``, the type that ``function`` returns for
    one, changes it no more."""
    state = first
    for _ in range(_ROUNDS):
        now = after(state)
        if now == state:
            return state
        wider = _wider(state, now)
        if wider is None:
            raise changed_type(spec, role, function, state, now)
        state = wider
    raise changed_type(spec, role, function, state, now)


def check_wanted(spec: KernelSpec, step: Any, wanted: Any) -> None:
    """Raise :class:`UsageError` unless ``wanted``, a Numba type, can be a position."""
    if not isinstance(types.unliteral(wanted), types.Integer | types.Boolean):
        what = f"must return an int as wanted position; it returns {wanted}"
        raise misshapen(spec, "step", step, what)


def compile_plain(spec: KernelSpec, function: Callable[..., Any]) -> Any:
    """``function`` as a Numba dispatcher with the host's options: it raises where it looks beyond
    the ends of an array."""
    plain = getattr(function, "py_func", function)
    return numba.njit(**jit_options(spec), **UNWRAPPED, **CHECKED)(plain)


def return_type(spec: KernelSpec, role: str, function: Any, arguments: tuple[Any, ...]) -> Any:
    """What ``function``, a dispatcher, returns for Numba types; raises :class:`UsageError` where it
    does not compile."""
    try:
        function.compile(arguments)
    except NumbaError as error:
        raise does_not_compile(spec, role, function, _registered, error) from error
    return function.overloads[arguments].signature.return_type


def _wider(before: Any, after: Any) -> Any:
    """The type that holds both states, field by field; None if there is none."""
    same_shape = isinstance(before, types.BaseTuple) and isinstance(after, types.BaseTuple)
    if same_shape and _is_record_like(before, after):
        fields = [_wider_number(b, a) for b, a in zip(before, after, strict=True)]
        if None not in fields:
            return _rebuilt(after, fields)
    return _wider_number(before, after)


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
        return record_type(like.instance_class, fields)
    return types.BaseTuple.from_types(fields)


def widening(first: Any, state: Any) -> Callable[..., Any]:
    """A compiled function from ``init``'s type to the state's."""
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
    compiled: Callable[..., Any] = numba.njit(error_model="numpy", **UNWRAPPED)(
        eval(source, namespace)
    )
    return compiled
