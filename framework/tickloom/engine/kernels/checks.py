"""What makes a registered kernel one: its parameters, its functions, and nothing that would change
results from one CPU to the next."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_type_hints

from tickloom.engine.kernels.columns import is_field
from tickloom.errors import UsageError
from tickloom.specs.kernel import Feature, Gate, KernelSpec

FLAGS: Final = ("nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc")
"""LLVM fast-math flags that a kernel may opt into by name."""


def refuse_keywords(kernel: str, given: Mapping[str, object]) -> None:
    """Raise :class:`UsageError` for arguments that no kernel has; for those of Numba's ``njit``
    with the reason."""
    for keyword, value in given.items():
        if keyword in ("fastmath", "parallel") and value:
            check_flags(f"kernel {kernel!r}", (keyword,))
        raise UsageError(
            f"kernel {kernel!r}: there is no argument {keyword!r}; found {keyword}={value!r}"
        )


def check_params(where: str, spec: KernelSpec) -> None:
    """Each parameter has a default of one type, and bounds that hold it."""
    defaults: dict[str, Any] | None = getattr(spec.params, "_field_defaults", None)
    if defaults is None:
        raise UsageError(
            f"{where}: params must be a NamedTuple class whose fields have defaults; found "
            f"{spec.params!r}"
        )
    hints = get_type_hints(spec.params)
    for field in spec.params._fields:
        if field not in defaults:
            raise UsageError(f"{where}: parameter {field!r} has no default; give it one")
        if type(defaults[field]) not in (int, float, bool):
            raise UsageError(
                f"{where}: parameter {field!r} must be int, float or bool; its default is "
                f"{defaults[field]!r}"
            )
        if type(defaults[field]) is int and hints.get(field) is float:
            raise UsageError(
                f"{where}: parameter {field!r} is a float, its default {defaults[field]!r} an int; "
                f"write {defaults[field]:.1f}"
            )
    _check_units_and_bounds(where, spec, defaults)


def _check_units_and_bounds(where: str, spec: KernelSpec, defaults: dict[str, Any]) -> None:
    for what, names in (
        ("units", [u[0] for u in spec.units]),
        ("bounds", [b[0] for b in spec.bounds]),
    ):
        for name in names:
            if name not in defaults:
                listed = ", ".join(defaults) or "none"
                raise UsageError(
                    f"{where}: {what} name the parameter {name!r}; parameters: {listed}"
                )
    for name, low, high in spec.bounds:
        if math.isnan(low) or math.isnan(high) or not low <= defaults[name] <= high:
            raise UsageError(
                f"{where}: the default of {name!r} must lie within its bounds {low} to {high}; "
                f"found {defaults[name]!r}"
            )


def check_features(kernel: str, features: object) -> None:
    """``features`` is a mapping, or None."""
    if features is not None and not isinstance(features, Mapping):
        raise UsageError(
            f"kernel {kernel!r}: features must be a mapping of tick fields, like "
            f"{{'fast': Feature(...)}}; found {features!r}"
        )


def check_declarations(spec: KernelSpec) -> None:
    """Features and gate name parameters that there are, and their functions have the arguments that
    the host calls them with."""
    for name, feature in spec.features:
        what = f"feature {name!r}"
        if not is_field(name):
            raise UsageError(
                f"kernel {spec.name!r}: a feature is a tick field, named like 'fast'; found "
                f"{name!r}"
            )
        _check_declared(spec, what, feature, Feature)
        check_function(spec.name, f"init of {what}", feature.init, 2)
        check_function(spec.name, f"update of {what}", feature.update, 3)
        if feature.prepare is not None:
            check_function(spec.name, f"prepare of {what}", feature.prepare, len(feature.params))
    if spec.gate is not None:
        _check_declared(spec, "gate", spec.gate, Gate)
        check_function(spec.name, "allows of gate", spec.gate.allows, 2)


def _check_declared(spec: KernelSpec, what: str, found: Feature | Gate, kind: type) -> None:
    where = f"kernel {spec.name!r}: {what}"
    if not isinstance(found, kind):
        raise UsageError(f"{where} must be a tickloom.{kind.__name__}; found {found!r}")
    if not isinstance(found.params, tuple):
        raise UsageError(f"{where}: params must be a tuple, like ('fast',); found {found.params!r}")
    for name in found.params:
        if name not in spec.params._fields:
            listed = ", ".join(spec.params._fields) or "none"
            raise UsageError(f"{where} names the parameter {name!r}; parameters: {listed}")
    if len(set(found.params)) < len(found.params):
        raise UsageError(f"{where} names a parameter twice: {', '.join(found.params)}")


def check_flags(where: str, flags: Sequence[object]) -> None:
    """Only flags that an author names one by one."""
    for flag in flags:
        if flag in (True, "fast", "fastmath"):
            raise UsageError(
                f"{where}: fastmath=True is refused, it changes results from one CPU to the next "
                f"and folds NaN checks away; name single flags: {', '.join(FLAGS)}"
            )
        if flag == "parallel":
            raise UsageError(
                f"{where}: parallel=True is refused, it aborts when several threads call it; the "
                "host runs contracts side by side"
            )
        if flag not in FLAGS:
            raise UsageError(f"{where}: unknown flag {flag!r}; there are: {', '.join(FLAGS)}")


def check_function(kernel: str, role: str, function: object, arguments: int) -> None:
    """``function`` is a plain one that takes so many ``arguments``."""
    where = f"kernel {kernel!r}: {role}"
    options = getattr(function, "targetoptions", {})
    for option in ("fastmath", "parallel"):
        if options.get(option) not in (None, False):
            raise UsageError(
                f"{where} is compiled with {option}={options[option]!r}; hand over the plain "
                "function, the host compiles it reproducibly"
            )
    plain = getattr(function, "py_func", function)
    if not inspect.isfunction(plain):
        raise UsageError(f"{where} must be a plain function; found {function!r}")
    code = plain.__code__
    variadic = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    if code.co_argcount != arguments or code.co_kwonlyargcount or variadic:
        raise UsageError(
            f"{where} must take {arguments} positional arguments; found "
            f"{plain.__name__}{inspect.signature(plain)} at {code.co_filename}, line "
            f"{code.co_firstlineno}"
        )
