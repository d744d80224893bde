"""Arrow arrays as NumPy arrays and back, by their buffers.

pyarrow's own ``to_numpy``, ``array`` and ``scalar`` import pandas where that happens to be
installed: half a second, longer than all the rest of a short run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa


def numbers_of(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[Any]:
    """The values of ``column``, numbers or flags without nulls, shape (rows,): read-only and
    uncopied, unless they are flags or lie in several chunks."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        chunks = [numbers_of(chunk) for chunk in column.chunks if len(chunk)]
        if len(chunks) == 1:
            return chunks[0]
        kind = column.type
        return np.concatenate(chunks) if chunks else np.zeros(0, _dtype(kind))
    if pa.types.is_boolean(column.type):
        return numbers_of(column.cast(pa.int8())).astype(np.bool_)
    kind, values = column.type, column.buffers()[1]
    dtype = _dtype(kind)
    if values is None or len(column) == 0:
        return np.zeros(0, dtype)
    found = np.frombuffer(values, dtype, len(column), column.offset * dtype.itemsize)
    found.flags.writeable = False
    return found


def array_of(values: npt.NDArray[Any]) -> pa.Array:
    """``values``, integers or floats of shape (rows,), as an Arrow array without nulls on the same
    memory, if that is in one piece."""
    import pyarrow as pa

    kind = pa.from_numpy_dtype(values.dtype)
    held = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [None, held])


def _dtype(kind: pa.DataType) -> np.dtype[Any]:
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        return np.dtype(np.bool_)
    letter = "f" if pa.types.is_floating(kind) else "iu"[pa.types.is_unsigned_integer(kind)]
    return np.dtype(f"{letter}{kind.bit_width // 8}")
