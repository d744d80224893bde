"""The narrow types of the hot tier: what a column fits into, and the way there, value by value.

A price is kept as an integer of hundredths where dividing it by 100 gives the same float64 again;
one value for which it does not keeps the whole column float64.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

HUNDREDTHS: Final = "int32"
"""Prices up to 21,474,836.47; int16 would end at 327.67, below the premium of many an option."""

QUANTITIES: Final = ("int32", "int64")
"""Types for quantities, the narrowest first."""

PLAIN: Final = "float64"
"""What a column stays that is not all hundredths."""

Array = npt.NDArray[Any]


def fitting(values: Array) -> str:
    """The narrowest type that holds ``values``, ``float64`` (NaN: null) or ``int64``, exactly."""
    if values.dtype == np.float64:
        return HUNDREDTHS if _hundredths(values) is not None else PLAIN
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    return next(name for name in QUANTITIES if _holds(name, low, high))


def widest(types: Iterable[str]) -> str:
    """The type that holds what any of ``types`` holds; all of one column, at least one."""
    order = (HUNDREDTHS, "int64", PLAIN)
    return max(types, key=order.index)


def narrowed(values: Array, name: str) -> Array:
    """``values`` as type ``name``; NaN becomes the lowest value. Raises :class:`ValueError` if
    that would change a value."""
    if values.dtype == np.float64:
        if name == PLAIN:
            return values
        hundredths = _hundredths(values)
        if hundredths is None:
            raise ValueError("a price is not a whole number of hundredths")
        return hundredths
    narrow = values.astype(name)
    if not np.array_equal(narrow, values):
        raise ValueError(f"a quantity does not fit {name}")
    return narrow


def _hundredths(values: Array) -> npt.NDArray[np.int32] | None:
    """Integers ``q`` with ``q / 100.0`` equal to the values bit for bit; None if there are none."""
    missing = np.isnan(values)
    scaled = np.where(missing, 0.0, np.rint(values * 100.0))
    limits = np.iinfo(HUNDREDTHS)
    if not (np.abs(scaled) <= limits.max).all():
        return None
    found = scaled.astype(HUNDREDTHS)
    back = found / 100.0
    # Compared as bits, which -0.0 and 0.0 differ in.
    if not np.array_equal(back.view(np.int64)[~missing], values.view(np.int64)[~missing]):
        return None
    found[missing] = limits.min
    return found


def _holds(name: str, low: int, high: int) -> bool:
    limits = np.iinfo(name)
    return limits.min <= low and high <= limits.max
