"""Arguments as a caller gives them, checked by type: each check answers the plain value or raises
:class:`UsageError` with the argument's name, what was expected and what was found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from reprlib import Repr
from typing import Any

import numpy as np

from tickloom.errors import UsageError
from tickloom.paths import local_path

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def wrong(name: str, expected: str, found: object) -> UsageError:
    """The error for the argument ``name``."""
    return UsageError(f"{name} must be {expected}; found {_SHORT.repr(found)}")


def is_whole(value: object) -> bool:
    """Whether ``value`` is an integer, NumPy's included; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether ``value`` is a real number, NumPy's included, and not NaN."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return not math.isnan(value)


def text(name: str, value: object, expected: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise wrong(name, expected, value)
    return value


def flag(name: str, value: object, expected: str = "True or False") -> bool:
    """True or False: a word like ``'no'`` would count as true."""
    if not isinstance(value, bool | np.bool_):
        raise wrong(name, expected, value)
    return bool(value)


def several(name: str, value: object, expected: str) -> list[Any]:
    """The items of anything but a text that can be gone through."""
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        raise wrong(name, expected, value)
    return list(value)


def mapping(name: str, value: object, expected: str) -> Mapping[Any, Any]:
    """A mapping."""
    if not isinstance(value, Mapping):
        raise wrong(name, expected, value)
    return value


def path(name: str, value: object) -> Path:
    """A path, or its text."""
    if not isinstance(value, str | PathLike):
        raise wrong(name, "a path", value)
    return local_path(value)


def called(name: str, value: object) -> None:
    """A function, or None."""
    if value is not None and not isinstance(value, Callable):  # type: ignore[arg-type]
        raise wrong(name, "a function, or None", value)
