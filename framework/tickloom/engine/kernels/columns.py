"""What columns of the store and derived fields are inside a kernel."""

from __future__ import annotations

from collections.abc import Callable
from keyword import iskeyword
from typing import Any, Final, Literal
from unicodedata import normalize

from tickloom.errors import UsageError
from tickloom.schema import STORED_COLUMNS, STORED_NAMES, Column, LogicalType

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


class ExtraColumn(str):
    """The name of a column that only some stores have, beyond the 58: a vendor's, a transform's.
    It goes wherever names go and knows what its values are.

    Equal to its plain name, and to another of that name if that is of the same kind.
    """

    kind: ColumnKind
    """What it is inside a kernel."""

    declared: bool
    """Whether its author said so; else a store says it, and float64 stands for that until then."""

    def __new__(
        cls, name: str, kind: ColumnKind = "float64", *, declared: bool = False
    ) -> ExtraColumn:
        """``name`` with its kind."""
        made = super().__new__(cls, name)
        made.kind = kind
        made.declared = declared
        return made

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other) is True and getattr(other, "kind", self.kind) == self.kind

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __repr__(self) -> str:  # part of cache keys
        return f"{str(self)!r}:{self.kind}"


def as_column(given: str | Column) -> str:
    """A column as its author gives it: one of the 58 by its name, any other by its name or as a
    :class:`~tickloom.Column` with its type.

    Raises :class:`UsageError` for what cannot be the field of a tick, or is text.
    """
    name = given.name if isinstance(given, Column) else given
    if name in STORED_NAMES:
        return name
    if not is_field(name):
        raise UsageError(
            f"a column is a tick field, named like 'spot'; found {name!r}: let a transform give "
            "it such a name"
        )
    if isinstance(given, Column):
        return ExtraColumn(name, _kind_of(name, given.type), declared=True)
    return ExtraColumn(name)


def extra_column(name: str, column: Column) -> ExtraColumn:
    """``name`` as a store has it; raises :class:`UsageError` for text, or where its author declared
    another type."""
    kind = _kind_of(name, column.type)
    if isinstance(name, ExtraColumn) and name.declared and name.kind != kind:
        raise UsageError(
            f"column {str(name)!r} is declared as {name.kind}, the store has it as {column.type}; "
            "declare the type that is stored, or the name alone"
        )
    return ExtraColumn(str(name), kind, declared=True)


def is_field(name: object) -> bool:
    """Whether a tick can have ``name``: an identifier that a NamedTuple takes, in the form that
    Python gives to the author's ``tick.NAME``."""
    return (
        isinstance(name, str)
        and name.isidentifier()
        and not iskeyword(name)
        and not name.startswith("_")
        and name == normalize("NFKC", name)
    )


def column_kind(column: str) -> ColumnKind:
    """What ``column`` of the store is inside a kernel: float64 or int64.

    Prices and ``strike`` are float64; quantities, ``year``, ``month``, flags, dates (days since
    1970) and datetimes (microseconds) are int64. Raises :class:`UsageError` for a column that the
    store does not have or that is text.
    """
    if isinstance(column, ExtraColumn):
        return column.kind
    types = {stored.name: stored.type for stored in STORED_COLUMNS}
    if column not in types:
        raise UsageError(f"unknown column {column!r}; the store has: {', '.join(sorted(types))}")
    return _kind_of(column, types[column])


def _kind_of(column: str, stored: LogicalType) -> ColumnKind:
    if stored not in _KINDS:
        raise UsageError(
            f"column {str(column)!r} is text, a kernel reads numbers; for the right ask for "
            "clock=('is_call',), for the kind of expiry read is_weekly or is_monthly"
        )
    return _KINDS[stored]


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
