"""The columns of a partition file against the ones that a store has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tickloom.schema import Column, LogicalType

_TEXT: Final = r"dictionary<values=(large_)?string(_view)?, .*"
PLAIN_TEXT: Final = r"(large_)?string(_view)?|" + _TEXT
"""A pattern of the Arrow types of text, plain or categorical."""
_NUMBER: Final = r"double|float|u?int(8|16|32|64)"

STRICT: Final[Mapping[LogicalType, str]] = {
    "float64": "double",
    "float32": "float",
    "int64": "int64",
    "int16": "int16",
    "datetime": r"timestamp\[us\]",
    "date": r"date32\[day\]",
    "bool": "bool",
    "symbol": _TEXT,
    "right": _TEXT,
    "kind": _TEXT,
}
"""Logical type to a pattern of Arrow types, for files that tickloom wrote."""

LENIENT: Final[Mapping[LogicalType, str]] = {
    "float64": _NUMBER,
    "float32": _NUMBER,
    "int64": _NUMBER,
    "int16": _NUMBER,
    "datetime": r"int64|timestamp\[(ms|us|ns)\]",
    "date": r"date32\[day\]|timestamp\[(ms|us|ns)\]|" + PLAIN_TEXT,
    "bool": "bool",
    "symbol": PLAIN_TEXT,
    "right": PLAIN_TEXT,
    "kind": PLAIN_TEXT,
}
"""The same for files of the documented scripts: other widths, text as strings or categoricals."""


def column_problems(
    found: Mapping[str, str], expected: Sequence[Column], *, lenient: bool
) -> Iterator[str]:
    """A sentence for each column of ``found`` (name to Arrow type) that is not as it must be.

    ``expected`` are the partition's columns. A lenient look accepts any order and columns that
    nobody knows.
    """
    patterns = LENIENT if lenient else STRICT
    missing = [column.name for column in expected if column.name not in found]
    if missing:
        yield f"expected {len(expected)} columns; missing: {', '.join(missing)}"
    for column in expected:
        arrow = found.get(column.name)
        if arrow is not None and not re.fullmatch(patterns[column.type], arrow):
            yield f"column {column.name}: expected {column.type}, found {arrow}"
    if lenient or missing:
        return
    unknown = sorted(set(found) - {column.name for column in expected})
    if unknown:
        yield f"columns that the manifest does not name: {', '.join(unknown)}"
    elif list(found) != [column.name for column in expected]:
        yield "the columns are not in the order of the store"
