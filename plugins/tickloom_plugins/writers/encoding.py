"""How columns are encoded and compressed: which ones as dictionaries, which ones for speed."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

DELTA: Final = frozenset(
    {"timestamp", "timestamp_ns", "ts", "lastTradeTime", "volume", "bQty", "sQty"}
)
"""Columns of many values: times and volumes, which rise within a contract, so that differences are
smaller than a dictionary, and the book's totals, whose dictionary would be as long as the column
(1.1 instead of 1.9 ms a row group to write)."""

PLAIN: Final = frozenset(
    {"open", "high", "low", "close", "avgPrice", "oi", "oiHigh", "oiLow"}
    | {"strike", "year", "month", "expiry"}
)
"""Columns whose values stay for many rows: zstd makes as little of the values themselves as of
their indexes in a dictionary, and looking each up takes longer than the compression."""

ZSTD_LEVEL: Final = 1
"""Level 3 takes 13% longer to write and saves 3%."""


def dictionary_columns(schema: pa.Schema) -> list[str]:
    """Columns in dictionary pages. A row group of 100,000 prices fits the limit of 1 MiB even
    where each is different, so these columns never fall back.

    Prices deep in the book as well: byte-stream-split took as long and made them 25% larger.
    """
    return [name for name in schema.names if name not in DELTA | PLAIN]


def plain_encodings(schema: pa.Schema) -> dict[str, str]:
    """Encodings of the columns that have no dictionary."""
    encodings = dict.fromkeys(DELTA, "DELTA_BINARY_PACKED") | dict.fromkeys(PLAIN, "PLAIN")
    return {name: encodings[name] for name in schema.names if name in encodings}


def codecs(schema: pa.Schema, fast: Collection[str]) -> dict[str, str]:
    """The codec of each column: for the ``fast`` ones none over dictionaries and differences, and
    LZ4 over plain values; zstd for the others.

    Polars decodes a price in 1.6 ns a row from bare dictionary indices, in 2.0 with LZ4 and 2.4
    with zstd; a volume in 3.5 from bare differences, in 4.4 with LZ4 and 5.3 with zstd.
    """
    plain = [name for name in schema.names if name in PLAIN]
    quick = {name: "lz4" if name in plain else "none" for name in fast}
    return {name: quick.get(name, "zstd") for name in schema.names}


def levels(schema: pa.Schema, fast: Collection[str]) -> dict[str, int]:
    """The level of each column whose codec has levels."""
    return {name: ZSTD_LEVEL for name in schema.names if name not in fast}
