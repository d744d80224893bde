"""Expressions of generated source for what a loop reads: columns and ticks."""

from __future__ import annotations

from tickloom.engine.kernels.columns import CLOCK_FIELDS, NS_PER_DAY, column_kind
from tickloom.engine.loops.shape import LoopShape


def tick(shape: LoopShape) -> str:
    """The expression for the tick at ``row``; ``price`` is set already."""
    return f"Tick({', '.join(_field(shape, name) for name in shape.tick)})"


def _field(shape: LoopShape, name: str) -> str:
    if name == "price":
        return "price"
    if name not in CLOCK_FIELDS or name in shape.columns:
        return value(shape, name)
    if name in ("strike", "is_call"):
        return f"{name}[contract]"
    stamp = raw(shape, "timestamp_ns")
    if name == "time_of_day":
        return f"{stamp} % {NS_PER_DAY}"
    return f"(expiry_day[contract] + 1) * {NS_PER_DAY} - {stamp}"


def raw(shape: LoopShape, name: str, row: str = "row") -> str:
    """The expression for a column's value as it is stored."""
    return f"{shape.stored(name)}_at(at_{name}, {row})"


def value(shape: LoopShape, name: str) -> str:
    """The expression for a column's value at ``row``, as float64 or int64."""
    stored = shape.stored(name)
    at_row = raw(shape, name)
    kind = column_kind(name)
    if stored == kind:
        return at_row
    if kind == "int64":
        return f"signed({at_row})"
    return f"hundredths({at_row})" if name == "price" else f"hundredths_or_nan({at_row})"
