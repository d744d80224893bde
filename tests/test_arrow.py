"""Arrow columns and NumPy arrays say the same, and share their memory where they can."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tickloom.arrow import array_of, numbers_of

TYPES = ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", "float32", "float64"]


def drawn(random: random.Random, dtype: str, count: int) -> list[Any]:
    if dtype.startswith("float"):
        return [random.choice([-0.0, 0.5, 1e30, float("inf")]) for _ in range(count)]
    limits = np.iinfo(dtype)
    return [random.randint(int(limits.min), int(limits.max)) for _ in range(count)]


@pytest.mark.parametrize("dtype", [*TYPES, "bool"])
def test_a_column_in_any_pieces_has_its_values(dtype: str) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    source = random.Random(seed)
    kind = pa.bool_() if dtype == "bool" else pa.from_numpy_dtype(np.dtype(dtype))
    for lengths in ([], [0], [7], [3, 0, 9], [1, 1]):
        chunks: list[list[Any]] = [
            [source.random() < 0.5 for _ in range(n)]
            if dtype == "bool"
            else drawn(source, dtype, n)
            for n in lengths
        ]
        # Slices begin inside their buffers, flags inside a byte.
        arrays = [
            pa.array([chunk[0], *chunk], kind)[1:] if chunk else pa.array([], kind)
            for chunk in chunks
        ]
        found = numbers_of(pa.chunked_array(arrays, kind))
        assert found.dtype == np.dtype(dtype)
        expected = np.array([v for chunk in chunks for v in chunk], dtype)
        np.testing.assert_array_equal(found, expected)


def test_one_piece_is_a_read_only_view() -> None:
    column = pa.array([1.5, 2.5, 4.0])
    found = numbers_of(column)
    assert found.__array_interface__["data"][0] == column.buffers()[1].address
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0.0


@pytest.mark.parametrize("dtype", TYPES)
def test_an_array_comes_back_as_it_was(dtype: str) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    values = np.array(drawn(random.Random(seed), dtype, 9), dtype)
    for part in (values, values[::2], values[:0]):
        column = array_of(part)
        assert column.null_count == 0
        assert column.type == pa.from_numpy_dtype(np.dtype(dtype))
        back = numbers_of(column)
        assert back.tobytes() == np.ascontiguousarray(part).tobytes()
        assert back.dtype == part.dtype


def test_neither_way_imports_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be installed; None in its place makes every import of it fail."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert numbers_of(array_of(np.arange(3))).tolist() == [0, 1, 2]
