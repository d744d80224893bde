"""From what the user typed to a kernel's parameter record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tickloom.errors import UsageError
from tickloom.specs.kernel import KernelSpec

_KINDS = {bool: "true or false", int: "a whole number of 64 bits", float: "a number"}
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def make_params(spec: KernelSpec, given: Mapping[str, object]) -> Any:
    """The parameter record of ``spec``: its defaults, with ``given`` values put in.

    Values are numbers or their text (``'0.05'``); an int parameter takes whole numbers only.
    Raises :class:`UsageError` for an unknown name, a wrong type, or a value out of bounds.
    """
    defaults: dict[str, Any] = spec.params._field_defaults
    for name in given:
        if name not in defaults:
            listed = ", ".join(f"{key}={value}" for key, value in defaults.items()) or "none"
            raise UsageError(
                f"kernel {spec.name!r} has no parameter {name!r}; parameters: {listed}"
            )
    values = {name: _value(spec, name, value) for name, value in given.items()}
    params = spec.params(**values)
    _check_bounds(spec, params)
    return params


def _value(spec: KernelSpec, name: str, value: object) -> int | float | bool:
    kind = type(spec.params._field_defaults[name])
    text = str(value).strip()
    try:
        if kind is bool:
            return _TRUTH[text.lower()]
        if kind is int:
            return _whole(text)
        return _real(text)
    except (KeyError, ValueError):
        raise UsageError(
            f"kernel {spec.name!r}: parameter {name!r} must be {_KINDS[kind]}; found {text!r}"
        ) from None


def _whole(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        real = float(text)
        if not real.is_integer():
            raise
        number = int(real)
    if not -(2**63) <= number < 2**63:
        raise ValueError
    return number


def _real(text: str) -> float:
    number = float(text)
    if math.isnan(number):
        raise ValueError
    return number


def _check_bounds(spec: KernelSpec, params: Any) -> None:
    for name, low, high in spec.bounds:
        value = getattr(params, name)
        if not low <= value <= high:
            raise UsageError(
                f"kernel {spec.name!r}: parameter {name!r} must be from {low:g} to {high:g}; "
                f"found {value!r}"
            )
