"""The source of a host loop: contract boundaries, skipped rows, wanted position, accounting.

The text is specialised for one kernel and variant, so that what a run does not ask for costs
nothing: without costs there is no line about costs in it.

Measured for ema-cross on 1.2 M rows in memory, 244 contracts, one core, M rows/s, same trades: 405
here, the documented hand-written loop 320 with the same strict flags and 339 with ``fastmath=True``
(best of 5, in turn). Known boundaries save the two look-ups around each row, and a step that looks
at quotes only while flat leaves their loads, and the division, out of all other rows. With that it
was 346, held up by the latency of the averages, 8 cycles a row; two contracts side by side wait for
each other's. Over the hot tier's integers, 3.0 M rows on a busier machine: 321, one contract at a
time 291, and 250 when hundredths were divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from tickloom.engine.kernels.columns import CLOCK_FIELDS, column_kind
from tickloom.engine.kernels.variant import Variant
from tickloom.engine.loops.accounting import (
    close_lines,
    reset_lines,
    result_lines,
    stamp_lines,
    tick_lines,
)
from tickloom.engine.loops.array_entry import constant_values
from tickloom.engine.loops.lane_text import assigned, renamed
from tickloom.engine.loops.text import Lines, indent

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

DECODED_ROWS: Final = 128
"""Prices that are turned from hundredths into float64 at a time, where they fit the fastest cache.
128 gave 321 M rows/s on one core, 256 gave 318, 64 gave 310 and 512, whose two lanes lie 4,096
bytes apart, 299. At each row instead was 2% slower than 512."""

_PRICE_BYTES: Final = np.dtype(column_kind("price")).itemsize

LANES: Final = ("a", "b")
"""Contracts that go side by side."""

_REMEMBERED: Final = 256
"""Texts that are kept: one takes 0.9 ms to make, and a run over few rows 3 ms in all."""

_MOST_COLUMNS: Final = 7
"""Columns up to which contracts go side by side. Steps over one to three levels of the book became
6-15% quicker; one over five levels took 26% longer, since the addresses that two lanes need do not
fit the registers."""


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


def runs_side_by_side(columns: Sequence[str], variant: Variant) -> bool:
    """Whether a loop over ``columns`` runs two contracts at a time."""
    return "wanted" not in columns and variant.plain and len(columns) <= _MOST_COLUMNS


@lru_cache(_REMEMBERED)
def loop_source(shape: LoopShape) -> str:
    """The module text that defines ``loop``; ``init``, ``step``, ``Tick``, ``settle`` and
    ``Constants`` are put into its namespace by the compiler."""
    out = Lines()
    names = ", ".join((*FIXED_ARGUMENTS, *(f"chunks_{name}" for name in shape.columns)))
    out.add(0, f"def loop({names}):")
    paired = runs_side_by_side(shape.columns, shape.variant)
    if not shape.stepless:
        out.add(1, f"constants = Constants({constant_values(shape.constants)})")
    out.add(1, *(_side_by_side(shape) if paired else _one_by_one(shape)), "return 0")
    return out.text()


def _one_by_one(shape: LoopShape) -> list[str]:
    contract = [
        *_begin(shape),
        "while row < last:",
        *indent(_onward(shape)),
        # What an inner loop reads stays in place while it runs: 7% quicker than looking each row.
        "    while row < stop:",
        *indent(_row(shape), 2),
        *_finish(shape),
    ]
    start = [*_start(shape), "room = decoded"]
    return [*start, "for contract in range(contracts):", *indent(contract)]


def _side_by_side(shape: LoopShape) -> list[str]:
    """Two contracts at a time, a row of each in turn, so that neither waits for its own averages.

    A lane takes the next contract when it is done with one; the last contract goes on alone. Over
    60 M rows of the hot tier, whole runs took 7% less CPU time for ema-cross, 13% for
    ema-cross-short, 25% for mean-reversion and as much as before for buy-and-hold, which carries
    nothing from row to row. ema-cross compiles in 2.4 s instead of 1.3.
    """
    start, onward, row = [*_start(shape), "alive = False"], _onward(shape), _row(shape)
    take = ["contract = begun", *_begin(shape), "alive = True", "begun += 1"]
    take = ["if not alive and begun < contracts:", *indent(take)]
    finish = _finish(shape)
    release = ["if row >= last:", *indent([*finish, "alive = False"])]
    names = assigned([*start, *take, *onward, *row, *release]) - {"begun"} | {"room"}

    def each(lines: list[str]) -> list[str]:
        return [line for lane in LANES for line in renamed(lines, names, lane)]

    pair = [
        *each(take),
        "if not alive_a or not alive_b:",
        "    break",
        *each(onward),
        "for _ in range(min(stop_a - row_a, stop_b - row_b)):",
        *indent(each(row)),
        *each(release),
    ]
    alone = ["while row < last:", *indent([*onward, "while row < stop:", *indent(row)]), *finish]
    return [
        "begun = 0",
        *each(start),
        "room_a = decoded",
        f"room_b = decoded + {DECODED_ROWS * _PRICE_BYTES}",
        "while True:",
        *indent(pair),
        "if alive_b:",
        *indent([f"{name}_a = {name}_b" for name in sorted(names)]),
        "if alive_a:",
        *indent(renamed(alone, names, "a")),
    ]


def _start(shape: LoopShape) -> list[str]:
    """Before the first contract."""
    return ["chunk = 0", "edge = 0", *(f"at_{name} = 0" for name in shape.columns)]


def _begin(shape: LoopShape) -> list[str]:
    """Go to the first row of ``contract`` that has a price, and to the last."""
    stored = shape.stored("price")
    plain = shape.with_plain_price()
    lines = ["place[0] = contract", "row = offsets[contract]", "last = offsets[contract + 1] - 1"]
    lines += ["skipped = 0", *reset_lines(shape.variant)]
    lines += ["while row <= last and row >= edges[chunk + 1]:", "    chunk += 1"]
    lines += [f"while row <= last and not {stored}_at(chunks_price[chunk], row) > 0:"]
    lines += ["    skipped += 1", "    row += 1"]
    lines += ["    while row <= last and row >= edges[chunk + 1]:", "        chunk += 1"]
    first = [*_advance(shape, "row"), *_cut_tail(stored)]
    if shape.variant.stale:
        first += _quote_reset(plain)
    if not shape.stepless:
        first.append(f"price = {value(plain, 'price')}")
        first.append(f"state = settle(init({tick(plain)}, constants))")
    return [*lines, "if row <= last:", *indent(first)]


def _onward(shape: LoopShape) -> list[str]:
    """Set ``stop``: up to there, the rows behind ``row`` are readable."""
    lines = ["coming = row + 1", "if coming == edge and row < last:"]
    return [*lines, *indent(_advance(shape, "coming")), "stop = min(last, edge - 1)"]


def _row(shape: LoopShape) -> list[str]:
    """Go to the next row and do what it asks for."""
    plain = shape.with_plain_price()
    lines = ["row += 1"]
    if shape.variant.checked:
        lines += ["if not edges[chunk] <= row < edge:", "    raise IndexError"]
    decide = (
        [f"wanted = {raw(plain, 'wanted')}"]
        if shape.stepless
        else [f"state, wanted = step(state, {tick(plain)}, position, constants)"]
    )
    priced = [f"price = {value(plain, 'price')}"]
    priced += tick_lines(shape.variant, shape.one, decide, _quotes(plain))
    lines += [f"if {_has_price(shape)}:", *indent(priced)]
    return [*lines, "else:", "    skipped += 1"]


def _has_price(shape: LoopShape) -> str:
    """Whether the price at ``row`` is one.

    One that was decoded is never NaN, so that its bits tell: the units for floating point are what
    two contracts side by side wait for (310 M rows/s instead of 304).
    """
    kind = column_kind("price")
    return f"{kind if shape.stored('price') == kind else 'int64'}_at(at_price, row) > 0"


def _finish(shape: LoopShape) -> list[str]:
    """Close the position and write the contract's results."""
    plain = shape.with_plain_price()
    lines = close_lines(shape.variant, shape.one, _quotes(plain))
    return [*lines, *result_lines(shape.variant), "counts[contract + contracts] = skipped"]


def _quotes(shape: LoopShape) -> dict[str, str]:
    return {name: value(shape, name) for name in shape.columns if name != "wanted"}


def _advance(shape: LoopShape, row: str) -> list[str]:
    """Make the rows from ``row`` up to ``edge`` readable.

    A loop goes through the chunks itself, so that a row group need not be copied to lie behind the
    one before it: half of all rows, where contracts are long.
    """
    lines = [f"while {row} >= edges[chunk + 1]:", "    chunk += 1", "edge = edges[chunk + 1]"]
    lines += [f"at_{name} = chunks_{name}[chunk]" for name in shape.columns]
    if shape.stored("price") != column_kind("price"):
        lines += [
            f"edge = min(edge, last + 1, {row} + {DECODED_ROWS})",
            f"for ahead in range(edge - {row}):",
            f"    put(room, ahead, hundredths({raw(shape, 'price', f'{row} + ahead')}))",
            f"at_price = room - {_PRICE_BYTES} * {row}",
        ]
    return lines


def _cut_tail(stored: str) -> list[str]:
    """Set ``last`` to the contract's last row with a price; there is one."""
    end_at = f"{stored}_at(end_at, last)"
    return [
        "ends = chunk",
        "while last >= edges[ends + 1]:",
        "    ends += 1",
        "end_at = chunks_price[ends]",
        f"while not {end_at} > 0:",
        "    skipped += 1",
        "    last -= 1",
        "    if last < edges[ends]:",
        "        ends -= 1",
        "        end_at = chunks_price[ends]",
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
