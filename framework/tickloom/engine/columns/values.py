"""Columns as they are stored, turned into the float64 and int64 that loops and authors read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from tickloom.arrow import array_of, numbers_of
from tickloom.engine.columns.chunks import Scratch
from tickloom.engine.kernels.columns import column_kind
from tickloom.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


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


def as_numbers(chunk: pa.Array, name: str) -> npt.NDArray[Any]:
    """``chunk`` as ``float64`` or ``int64``: a view where it has that width and no nulls.

    A null float becomes NaN, any other null 0. Times are microseconds and dates days since
    1970-01-01; flags are 0 and 1. Raises :class:`UsageError` for text.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = chunk.type
    if pa.types.is_floating(kind):
        if chunk.null_count:
            chunk = pc.fill_null(chunk, array_of(np.array([np.nan]))[0].cast(kind))
        return np.asarray(numbers_of(chunk), np.float64)
    if pa.types.is_timestamp(kind):
        chunk = chunk.view(pa.int64())
    elif pa.types.is_date32(kind):
        chunk = chunk.view(pa.int32())
    elif pa.types.is_boolean(kind):
        chunk = chunk.cast(pa.int8())
    elif not pa.types.is_integer(kind):
        raise UsageError(f"column {name!r} holds {kind}; a kernel can only read numbers")
    if chunk.null_count:
        chunk = pc.fill_null(chunk, array_of(np.zeros(1, np.int64))[0].cast(chunk.type))
    return np.asarray(numbers_of(chunk), np.int64)
