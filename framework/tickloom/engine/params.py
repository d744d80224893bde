"""Binds what the user gave to a kernel's parameter record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tickloom.errors import UnknownNameError, UsageError
from tickloom.specs import KernelSpec

Value = int | float | bool
"""A parameter's value."""

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


def defaults(spec: KernelSpec) -> dict[str, Value]:
    """Every parameter of ``spec`` with its default, in its order."""
    return dict(spec.params._field_defaults)


def bind(spec: KernelSpec, given: Mapping[str, object]) -> Any:
    """The parameter record of ``spec`` with ``given`` values over the defaults.

    Values may be text (from a command line) or numbers. Raises :class:`UnknownNameError` for a
    parameter that does not exist and :class:`UsageError` for a value of the wrong type or out of
    bounds.
    """
    known = defaults(spec)
    values = {}
    for name, value in given.items():
        if name not in known:
            raise UnknownNameError(f"parameter of kernel {spec.name!r}", name, known)
        values[name] = _converted(name, value, type(known[name]))
        _check_bounds(spec, name, values[name])
    return spec.params(**values)


def _converted(name: str, value: object, kind: type) -> Value:
    try:
        if kind is bool:
            return _as_bool(value)
        if kind is int:
            return _as_int(value)
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        pass
    else:
        if not math.isnan(number):
            return number
    raise UsageError(f"parameter {name!r} must be {_named(kind)}; found {value!r}")


def _as_bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(text)


def _as_int(value: object) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, float):
        if not value.is_integer():
            raise ValueError(value)
        return int(value)
    return int(value)  # type: ignore[call-overload,no-any-return]


def _check_bounds(spec: KernelSpec, name: str, value: Value) -> None:
    for bounded, low, high in spec.bounds:
        if bounded == name and not low <= value <= high:
            raise UsageError(
                f"parameter {name!r} of kernel {spec.name!r} must lie between {low:g} and "
                f"{high:g}; found {value}"
            )


def _named(kind: type) -> str:
    return {bool: "true or false", int: "a whole number"}.get(kind, "a number")
