"""What columns of the store and derived fields are inside a kernel."""

from __future__ import annotations

from typing import Final, Literal

from tickloom.errors import UsageError
from tickloom.schema import STORED_COLUMNS, LogicalType

ColumnKind = Literal["float64", "int64"]
"""What a column's values are inside a kernel."""


CLOCK_FIELDS: Final[dict[str, ColumnKind]] = {
    "time_of_day": "int64",
    "time_to_expiry": "int64",
    "strike": "float64",
    "is_call": "int64",
}
"""Derived tick fields: nanoseconds since midnight, nanoseconds to the end of the expiry day, strike
price, 1 for a call and 0 for a put."""


_KINDS: Final[dict[LogicalType, ColumnKind]] = {
    "float64": "float64",
    "float32": "float64",
    "int64": "int64",
    "int16": "int64",
    "bool": "int64",
    "datetime": "int64",
    "date": "int64",
}


def column_kind(column: str) -> ColumnKind:
    """What ``column`` of the store is inside a kernel: float64 or int64.

    Prices and ``strike`` are float64; quantities, ``year``, ``month``, flags, dates (days since
    1970) and datetimes (microseconds) are int64. Raises :class:`UsageError` for a column that the
    store does not have or that is text.
    """
    types = {stored.name: stored.type for stored in STORED_COLUMNS}
    if column not in types:
        raise UsageError(f"unknown column {column!r}; the store has: {', '.join(sorted(types))}")
    if types[column] not in _KINDS:
        raise UsageError(
            f"column {column!r} is text, a kernel reads numbers; for the right ask for "
            "clock=('is_call',), for the kind of expiry read is_weekly or is_monthly"
        )
    return _KINDS[types[column]]
