"""Checks what a compiled loop is called with: a wrong pointer would be a crash, not an error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.loading.results import ContractFacts


def check_slice(
    offsets: NDArray[np.int64],
    columns: Chunks,
    names: Sequence[str],
    dtypes: Sequence[str],
) -> None:
    """Raise :class:`ValueError` unless ``columns`` are the arrays the loop was compiled for."""
    if offsets.dtype != np.int64 or offsets.ndim != 1 or not offsets.flags.c_contiguous:
        raise ValueError(f"offsets must be a contiguous int64 array; found {offsets.dtype}")
    if len(offsets) == 0 or offsets[0] < 0 or bool((np.diff(offsets) < 0).any()):
        raise ValueError("offsets must start at 0 or more and never decrease")
    if len(columns.columns) != len(names):
        raise ValueError(f"columns must be {', '.join(names)}; found {len(columns.columns)} arrays")
    sizes = np.diff(columns.edges).tolist()
    for name, dtype, chunks in zip(names, dtypes, columns.columns, strict=True):
        expected = np.dtype(dtype)
        for chunk, rows in zip(chunks, sizes, strict=True):
            if chunk.dtype != expected or chunk.ndim != 1 or not chunk.flags.c_contiguous:
                raise ValueError(
                    f"column {name!r} must be a contiguous {dtype} array; found {chunk.dtype}"
                )
            if len(chunk) < rows:
                raise ValueError(f"column {name!r} has {len(chunk)} rows, the others have {rows}")
    if columns.rows < offsets[-1]:
        raise ValueError(
            f"the shortest column has {columns.rows} rows, the contracts need {offsets[-1]}"
        )


def check_facts(facts: ContractFacts | None, contracts: int, needed: bool) -> None:
    """Raise :class:`ValueError` unless ``facts`` tell of each contract what clock fields need."""
    if not needed:
        return
    if facts is None:
        raise ValueError("the kernel has clock fields; hand over facts")
    for name, dtype in (("expiry_day", "int64"), ("strike", "float64"), ("is_call", "int64")):
        array = getattr(facts, name)
        if array.dtype.name != dtype or array.shape != (contracts,) or not array.flags.c_contiguous:
            raise ValueError(f"facts.{name} must be {dtype} of shape ({contracts},)")
