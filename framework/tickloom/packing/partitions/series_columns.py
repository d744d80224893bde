"""The columns of series: each has those that its first pack delivered, and what follows of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from tickloom.contracts import Instrument
from tickloom.packing.partitions.extra_columns import common_type, fits, logical_type
from tickloom.packing.rows.table import TIMESTAMP_NS
from tickloom.packing.rows.transforms import apply_one, partition_transforms, taken_names
from tickloom.packing.sources.units import UnitResult
from tickloom.schema import COMPUTED_NAMES, STORED_COLUMNS, Column, LogicalType, polars_schema
from tickloom.specs import PartitionContext

if TYPE_CHECKING:
    import polars as pl

Series = Mapping[str, tuple[Column, ...]]

_STORED = {column.name: column for column in STORED_COLUMNS}


def fix_series(
    fixed: Series, results: Iterable[UnitResult], *, may_add: bool
) -> tuple[dict[str, tuple[Column, ...]], dict[int, str]]:
    """All columns of each series that the store will have; and the units that do not fit into
    them, by number, with the reason. ``fixed`` are the series that the store has."""
    results = list(results)
    found: dict[str, dict[str, LogicalType | None]] = {}
    for result in results:
        for name, columns in result.series.items():
            types = found.setdefault(name, {})
            for column, dtype in columns.items():
                types[column] = _common(types.get(column), _type_of(column, dtype))
    series = dict(fixed)
    for name, types in found.items():
        if name not in fixed:
            series[name] = _columns(name, types)
        elif may_add:
            known = {c.name: c.type for c in fixed[name] if c.name not in COMPUTED_NAMES}
            series[name] = _columns(name, types | known)
    misfits = {
        result.number: reason
        for result in results
        for name, columns in result.series.items()
        if (reason := _misfit(name, columns, series[name]))
    }
    return series, misfits


def _columns(name: str, types: Mapping[str, LogicalType | None]) -> tuple[Column, ...]:
    """The columns on disk of a series whose sources have those of ``types``."""
    import polars as pl

    instrument: Instrument = "future" if name.endswith("/future") else "spot"
    given = {n for t in partition_transforms() for n in t.gives}
    raw = [_column(n, kind or "symbol") for n, kind in types.items() if n not in given]
    known = {column.name: column for column in (*raw, TIMESTAMP_NS)}
    frame = pl.DataFrame(schema=polars_schema(known.values()))
    context = PartitionContext(symbol="", date=None, slices=())
    for transform in partition_transforms(instrument):
        if all(need in frame.columns for need in transform.needs):
            frame = apply_one(transform, frame, context)
            for column in transform.gives:
                logical = (
                    logical_type(column, frame.schema[column]) if column not in _STORED else None
                )
                known[column] = _column(column, logical or "symbol")
    order = list(_STORED)
    own = sorted(column for column in known if column not in _STORED)
    return tuple(known[column] for column in (*order, *own) if column in known)


def _column(name: str, logical: LogicalType) -> Column:
    return _STORED.get(name) or Column(name, logical, "vendor's own")


def _type_of(name: str, dtype: pl.DataType) -> LogicalType | None:
    return _STORED[name].type if name in _STORED else logical_type(name, dtype)


def _common(a: LogicalType | None, b: LogicalType | None) -> LogicalType | None:
    return a or b if a is None or b is None else common_type(a, b)


def _misfit(name: str, columns: Mapping[str, pl.DataType], known: Collection[Column]) -> str:
    givers = {n: t.name for t in partition_transforms() for n in t.gives}
    if taken := sorted(column for column in columns if column in givers):
        return taken_names(givers[taken[0]], taken)
    there = {column.name: column for column in known}
    if new := sorted(column for column in columns if column not in there):
        return (
            f"has columns that the series {name} of the store does not have: {', '.join(new)}. "
            "Pack it again with --add-columns to rewrite the series with them"
        )
    for column, dtype in sorted(columns.items()):
        logical = _type_of(column, dtype)
        if not fits(logical, there[column]):
            return f"column {column!r} holds {logical}; the series' holds {there[column].type}"
    return ""
