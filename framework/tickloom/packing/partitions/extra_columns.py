"""Columns beyond the 58: a store has the same ones in all its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tickloom.errors import PluginError
from tickloom.packing.rows.transforms import apply_one
from tickloom.schema import STORED_NAMES, Column, LogicalType, polars_schema
from tickloom.specs import PartitionContext, TransformSpec

if TYPE_CHECKING:
    import polars as pl


def extra_types(columns: Mapping[str, pl.DataType]) -> dict[str, LogicalType | None]:
    """The store's types of ``columns`` beyond the 58; None where nothing but nulls was seen."""
    return {name: logical_type(name, dtype) for name, dtype in columns.items()}


def logical_type(name: str, dtype: pl.DataType) -> LogicalType | None:
    """The store's type for a column of ``dtype``; None for the type of nulls."""
    import polars as pl

    types: list[tuple[type[pl.DataType], LogicalType]] = [
        (pl.Int64, "int64"),
        (pl.Float64, "float64"),
        (pl.Boolean, "bool"),
        (pl.Date, "date"),
        (pl.Datetime, "datetime"),
        (pl.String, "symbol"),
        (pl.Categorical, "symbol"),
    ]
    if isinstance(dtype, pl.Null):
        return None
    for polars_type, logical in types:
        if isinstance(dtype, polars_type):
            return logical
    listed = ", ".join(polars_type.__name__ for polars_type, _ in types)
    raise PluginError(f"column {name!r} is of type {dtype}; expected one of {listed}")


def common_type(a: LogicalType | None, b: LogicalType | None) -> LogicalType:
    """One type for values of two: integers fit floats, everything fits text."""
    if a is None or b is None or a == b:
        return a or b or "symbol"
    return "float64" if {a, b} == {"int64", "float64"} else "symbol"


def fits(found: LogicalType | None, column: Column) -> bool:
    """Can values of type ``found`` be stored in ``column`` without loss?"""
    return found is None or common_type(found, column.type) == column.type


def given_by(transforms: Iterable[TransformSpec], merged: Iterable[Column]) -> list[Column]:
    """The columns beyond the 58 that partition transforms give: tried on a frame without rows."""
    import polars as pl

    frame = pl.DataFrame(schema=polars_schema(merged))
    context = PartitionContext(symbol="", date=None, slices=())
    found = []
    for transform in transforms:
        frame = apply_one(transform, frame, context)
        for name in transform.gives:
            if name not in STORED_NAMES:
                logical = logical_type(name, frame.schema[name]) or "symbol"
                found.append(Column(name, logical, f"given by transform {transform.name}"))
    return found
