"""The parameter sets of a sweep: every combination of the grid's values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tickloom.engine.request.parameters import make_params
from tickloom.errors import UsageError
from tickloom.specs import KernelSpec

MOST_SETS: Final = 1_000_000
"""More combinations than this are taken for a mistake."""


def grid_values(text: str) -> list[str]:
    """The values that ``text`` stands for: ``15,18,21``, ``3:10`` or ``0.1:0.5:0.1`` (ends
    included), or both joined by commas.

    Raises :class:`UsageError` for anything else.
    """
    return [value for part in text.split(",") for value in _expanded(part.strip(), text)]


def parameter_sets(
    spec: KernelSpec, grid: Mapping[str, Sequence[object]], fixed: Mapping[str, object]
) -> list[Any]:
    """A parameter record for every combination of ``grid``, the last one varying fastest.

    Raises :class:`UsageError` for an empty grid, an unknown parameter, a value that is out of
    bounds or occurs twice, or one that is both in the grid and fixed.
    """
    if not grid:
        raise UsageError("a sweep needs a grid, like --grid fast=3:10 --grid slow=15,18,21")
    for name, values in grid.items():
        if name in fixed:
            raise UsageError(f"parameter {name!r} is both in the grid and fixed; drop one of them")
        if not values:
            raise UsageError(f"parameter {name!r} has no values in the grid")
        records = [make_params(spec, {name: value}) for value in values]
        if len(set(records)) < len(records):
            raise UsageError(f"parameter {name!r} has a value twice in the grid")
    count = math.prod(len(values) for values in grid.values())
    if count > MOST_SETS:
        raise UsageError(f"the grid has {count:,} combinations; {MOST_SETS:,} are the most")
    return [
        make_params(spec, {**fixed, **dict(zip(grid, values, strict=True))})
        for values in itertools.product(*grid.values())
    ]


def _expanded(part: str, text: str) -> Iterable[str]:
    bounds = part.split(":")
    if len(bounds) == 1 and part:
        return [part]
    try:
        low, high, *rest = (Decimal(bound) for bound in bounds)
        (step,) = rest or [Decimal(1)]
        fine = step > 0 and low <= high and all(d.is_finite() for d in (low, high, step))
    except (InvalidOperation, ValueError):
        fine = False
    if not fine:
        raise UsageError(
            "grid values are written 15,18,21, or 3:10, or 0.1:0.5:0.1 (low:high:step, both ends "
            f"included); found {text!r}"
        )
    if (high - low) / step >= MOST_SETS:
        raise UsageError(f"grid values {part!r} are more than {MOST_SETS:,}; take larger steps")
    # Decimals, so that 0.1:0.5:0.1 ends at 0.5.
    return [str(low + i * step) for i in range(int((high - low) / step) + 1)]
