"""How columns are encoded: which ones as dictionaries, which ones otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

DELTA: Final = frozenset({"timestamp", "timestamp_ns", "ts", "lastTradeTime", "volume"})
"""Columns that rise within a contract: differences are smaller than a dictionary of most values."""


def dictionary_columns(schema: pa.Schema) -> list[str]:
    """Columns in dictionary pages. A row group of 100,000 prices fits the limit of 1 MiB even
    where each is different, so these columns never fall back."""
    return [name for name in schema.names if name not in DELTA]


def plain_encodings(schema: pa.Schema) -> dict[str, str]:
    """Encodings of the columns that have no dictionary."""
    return {name: "DELTA_BINARY_PACKED" for name in schema.names if name in DELTA}
