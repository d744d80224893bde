"""Columns as they are stored, turned into the float64 and int64 that loops and authors read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.kernel_spec import column_kind


def plain_values(name: str, column: NDArray[Any]) -> NDArray[Any]:
    """``column`` as the float64 or int64 array that an author's loop reads; no copy if it is."""
    kind = column_kind(name)
    if column.dtype == kind or kind == "int64":
        return np.ascontiguousarray(column, kind)
    missing = column == np.iinfo(column.dtype).min
    return np.where(missing, np.nan, column / 100.0)
