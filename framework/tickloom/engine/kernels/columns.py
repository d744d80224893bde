"""What columns of the store and derived fields are inside a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

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

NS_PER_DAY: Final = 86_400_000_000_000


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


def clock_value(name: str, stamp: Any, fact: Callable[[str], Any]) -> Any:
    """The clock field ``name`` of ticks at ``stamp``, nanoseconds of the wall clock since
    1970-01-01: one number, or an array of them.

    ``fact`` gives what is known of their contract by the names of ``ContractFacts``: expiry_day
    (days since 1970-01-01), strike, is_call.
    """
    if name == "time_of_day":
        return stamp % NS_PER_DAY
    if name == "time_to_expiry":
        return (fact("expiry_day") + 1) * NS_PER_DAY - stamp
    return fact(name)


def field_kind(name: str) -> ColumnKind:
    """What a column or clock field is in a tick: float64 or int64."""
    return CLOCK_FIELDS.get(name) or column_kind(name)
