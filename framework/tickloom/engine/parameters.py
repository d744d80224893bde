"""From what the user typed to a kernel's parameter record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tickloom.errors import UsageError
from tickloom.specs.kernel import KernelSpec

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
        return float(text)
    except (KeyError, ValueError):
        raise UsageError(
            f"kernel {spec.name!r}: parameter {name!r} must be {kind.__name__}; found {text!r}"
        ) from None


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        number = float(text)
        if not number.is_integer():
            raise
        return int(number)


def _check_bounds(spec: KernelSpec, params: Any) -> None:
    for name, low, high in spec.bounds:
        value = getattr(params, name)
        if not low <= value <= high:
            raise UsageError(
                f"kernel {spec.name!r}: parameter {name!r} must be from {low:g} to {high:g}; "
                f"found {value!r}"
            )
