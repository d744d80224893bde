"""The source of a host loop: contract boundaries, skipped rows, wanted position, accounting.

The text is specialised for one kernel and variant, so that what a run does not ask for costs
nothing: without costs there is no line about costs in it.

Measured for ema-cross on 1.2 M rows in memory, 244 contracts, one core, M rows/s, same trades: 346
here, the documented hand-written loop 319 with the same strict flags and 331 with ``fastmath=True``
(best of 5, in turn). Over the hot tier's integers, 11.8 M rows of four partitions: 285, and 250
when they were divided. Known boundaries save the two look-ups around each row, and a step that
looks at quotes only while flat leaves their loads, and the division, out of all other rows. What is
left is the latency of the averages, 8 cycles a row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tickloom.engine.codegen.array_source import constant_values
from tickloom.engine.codegen.fill_source import (
    close_lines,
    reset_lines,
    result_lines,
    stamp_lines,
    tick_lines,
)
from tickloom.engine.codegen.text import Lines, indent
from tickloom.engine.kernel_spec import CLOCK_FIELDS, column_kind
from tickloom.engine.variant import Variant

NS_PER_DAY: Final = 86_400_000_000_000

OUTCOMES: Final = ("pnl", "costs")
"""Rows of the float64 output, shape (2, contracts)."""

COUNTS: Final = ("trades", "skipped", "unfilled", "partial")
"""Rows of the int64 output, shape (4, contracts)."""

FIXED_ARGUMENTS: Final = (
    "contracts",
    "offsets",
    "expiry_day",
    "strike",
    "is_call",
    "constants_f",
    "constants_i",
    "fill_values",
    "terms",
    "multiplier",
    "outcomes",
    "counts",
    "place",
    "queue",
    "log_i",
    "log_f",
    "log_capacity",
    "edges",
    "decoded",
)
"""Arguments of every loop, before its columns: numbers (``contracts``, ``log_capacity``), pointers
to float64 or int64, and the address of room for decoded prices. A column is a table of the
addresses of its chunks."""

DECODED_ROWS: Final = 512
"""Prices that are turned from hundredths into float64 at a time, where they fit the fastest cache.
At each row instead: 279 M rows/s on one core instead of 285."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopShape:
    """What the text of a loop depends on."""

    columns: tuple[str, ...]
    """Columns that the loop gets, in order; the last is ``wanted`` for a stepless loop."""

    dtypes: tuple[str, ...]
    """NumPy dtype name of each."""

    tick: tuple[str, ...]
    """Columns and clock fields of the tick; empty for a stepless loop."""

    constants: tuple[type, ...]
    """float, int or bool for each constant."""

    one: bool
    """The wanted position is -1, 0 or 1."""

    variant: Variant
    """The specialisation."""

    def stored(self, name: str) -> str:
        """NumPy dtype name of a column."""
        return self.dtypes[self.columns.index(name)]

    def with_plain_price(self) -> LoopShape:
        """The same for prices that are float64."""
        plain = {"price": column_kind("price")}
        types = zip(self.columns, self.dtypes, strict=True)
        return replace(self, dtypes=tuple(plain.get(name, dtype) for name, dtype in types))

    @property
    def stepless(self) -> bool:
        """Whether the wanted positions come as a column instead of from a step."""
        return not self.tick


def loop_source(shape: LoopShape) -> str:
    """The module text that defines ``loop``; ``init``, ``step``, ``Tick``, ``settle`` and
    ``Constants`` are put into its namespace by the compiler."""
    out = Lines()
    names = ", ".join((*FIXED_ARGUMENTS, *(f"chunks_{name}" for name in shape.columns)))
    out.add(0, f"def loop({names}):")
    out.add(1, "chunk = 0", "edge = 0", *(f"at_{name} = 0" for name in shape.columns))
    stored = shape.stored("price")
    advance = _advance(shape, stored, "row")
    onward = _advance(shape, stored, "coming")
    shape = shape.with_plain_price()
    if not shape.stepless:
        out.add(1, f"constants = Constants({constant_values(shape.constants)})")
    out.add(1, "for contract in range(contracts):", "    place[0] = contract")
    out.add(2, "row = offsets[contract]", "last = offsets[contract + 1] - 1")
    out.add(2, "skipped = 0", *reset_lines(shape.variant))
    out.add(2, "if row <= last and row >= edge:", *indent(advance))
    out.add(2, f"while row <= last and not {raw(shape, 'price')} > 0:")
    out.add(3, "skipped += 1", "row += 1")
    out.add(3, "if row == edge and row <= last:", *indent(advance))
    out.add(2, "if row <= last:")
    out.add(3, *_cut_tail(stored))
    if shape.variant.stale:
        out.add(3, *_quote_reset(shape))
    if not shape.stepless:
        out.add(3, f"price = {value(shape, 'price')}")
        out.add(3, f"state = settle(init({tick(shape)}, constants))")
    out.add(3, "while row < last:", "    coming = row + 1")
    # What an inner loop reads stays in place while it runs: 7% quicker than looking at each row.
    out.add(4, "if coming == edge:", *indent(onward), "stop = min(last, edge - 1)")
    out.add(4, "while row < stop:")
    _body(out, shape)
    out.add(2, *result_lines(shape.variant), "counts[contract + contracts] = skipped")
    out.add(1, "return 0")
    return out.text()


def _body(out: Lines, shape: LoopShape) -> None:
    out.add(5, "row += 1")
    if shape.variant.checked:
        out.add(5, "if not edges[chunk] <= row < edge:", "    raise IndexError")
    out.add(5, f"if not {raw(shape, 'price')} > 0:", "    skipped += 1", "    continue")
    out.add(5, f"price = {value(shape, 'price')}")
    decide = (
        [f"wanted = {raw(shape, 'wanted')}"]
        if shape.stepless
        else [f"state, wanted = step(state, {tick(shape)}, position, constants)"]
    )
    quotes = {name: value(shape, name) for name in shape.columns if name != "wanted"}
    out.add(5, *tick_lines(shape.variant, shape.one, decide, quotes))
    out.add(3, *close_lines(shape.variant, shape.one, quotes))


def _advance(shape: LoopShape, stored: str, row: str) -> list[str]:
    """Make the rows from ``row`` up to ``edge`` readable.

    A loop goes through the chunks itself, so that a row group need not be copied to lie behind the
    one before it: half of all rows, where contracts are long.
    """
    lines = [f"while {row} >= edges[chunk + 1]:", "    chunk += 1", "edge = edges[chunk + 1]"]
    lines += [f"at_{name} = chunks_{name}[chunk]" for name in shape.columns]
    if stored != column_kind("price"):
        lines += [
            f"edge = min(edge, {row} + {DECODED_ROWS})",
            f"for ahead in range(edge - {row}):",
            f"    put(decoded, ahead, hundredths({stored}_at(at_price, {row} + ahead)))",
            f"at_price = decoded - {np.dtype(column_kind('price')).itemsize} * {row}",
        ]
    return lines


def _cut_tail(stored: str) -> list[str]:
    """Set ``last`` to the contract's last row with a price; there is one."""
    at_last = f"{stored}_at(at_last, last)"
    return [
        "ends = chunk",
        "while last >= edges[ends + 1]:",
        "    ends += 1",
        "at_last = chunks_price[ends]",
        f"while not {at_last} > 0:",
        "    skipped += 1",
        "    last -= 1",
        "    if last < edges[ends]:",
        "        ends -= 1",
        "        at_last = chunks_price[ends]",
    ]


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


def _quote_reset(shape: LoopShape) -> list[str]:
    return [
        *stamp_lines({"timestamp_ns": value(shape, "timestamp_ns")}),
        f"seen_bid = {value(shape, 'bp0')}",
        f"seen_ask = {value(shape, 'sp0')}",
        "quoted_at = stamp",
    ]
