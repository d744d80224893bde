"""Rows as bytes: equal rows have equal bytes, in every process and on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl


def row_keys(frame: pl.DataFrame) -> list[bytes]:
    """One key a row: the values as little-endian 64-bit words, a bitmap of nulls, then texts.

    Floats are taken by their bits, so a frame has to be canonical: one zero, one NaN.
    """
    import polars as pl

    words = []
    nulls = []
    texts: list[list[str | None]] = []
    for column in frame.get_columns():
        nulls.append(column.is_null().to_numpy())
        if isinstance(column.dtype, pl.Categorical | pl.Enum | pl.String):
            texts.append(column.cast(pl.String).to_list())
        else:
            words.append(_words(column))
    numbers = np.column_stack([*words, *_bitmaps(nulls)]).astype("<i8", order="C", copy=False)
    width = numbers.shape[1] * 8
    data = numbers.tobytes()
    keys = [data[i : i + width] for i in range(0, len(data), width)]
    for text in texts:
        keys = [key + _text(value) for key, value in zip(keys, text, strict=True)]
    return keys


def sequence_hash(keys: Iterable[bytes]) -> bytes:
    """A digest of rows in their order."""
    digest = hashlib.blake2b(digest_size=16)
    for key in keys:
        digest.update(len(key).to_bytes(8, "little"))
        digest.update(key)
    return digest.digest()


def _words(column: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    import polars as pl

    if column.dtype.is_float():
        floats = column.cast(pl.Float64).fill_null(0.0)
        return floats.to_numpy().astype("<f8").view("<i8")
    return column.to_physical().cast(pl.Int64).fill_null(0).to_numpy()


def _bitmaps(
    nulls: Sequence[np.ndarray[tuple[int], np.dtype[np.bool_]]],
) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """One word for each 62 columns: which of them are null in a row."""
    maps = []
    for start in range(0, len(nulls), 62):
        bits = np.zeros(len(nulls[0]), np.int64)
        for i, null in enumerate(nulls[start : start + 62]):
            bits |= null.astype(np.int64) << i
        maps.append(bits)
    return maps


def _text(value: str | None) -> bytes:
    data = (value or "").encode()
    return len(data).to_bytes(4, "little") + data
