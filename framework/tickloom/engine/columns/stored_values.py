"""Columns as they are stored, turned into the float64 and int64 that loops and authors read."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.columns.scratch import Scratch
from tickloom.engine.kernels.registration import column_kind

_SCRATCH: Final = Scratch()
"""Where columns are decoded, by name and chunk."""


def plain_values(name: str, column: NDArray[Any], chunk: int = 0) -> NDArray[Any]:
    """``column`` as the float64 or int64 array that an author's loop reads: itself if it is one,
    else an array that holds until this thread's next call for the same name and ``chunk``."""
    kind = column_kind(name)
    if column.dtype == kind and column.flags.c_contiguous:
        return column
    room = _SCRATCH.array((name, chunk), kind, len(column))
    if column.dtype == kind or kind == "int64":
        np.copyto(room, column)
        return room
    np.divide(column, 100.0, out=room)
    missing = column == np.iinfo(column.dtype).min
    if missing.any():
        room[missing] = np.nan
    return room
