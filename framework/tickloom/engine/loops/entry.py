"""What goes through the C entry point of a loop: the arguments in order, and the slots of arrays.

In compiled code arrays are pointers, in the interpreter memory views of the same arrays.
"""

from __future__ import annotations

from typing import Final

ENTRY: Final = "tickloom_entry"
"""Symbol of the C entry point in every object."""

OK, OUT_OF_BOUNDS, LOG_FULL, RAISED = range(4)
"""How a loop ended."""

RUN_ARGUMENTS: Final = (
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
    "tables",
    "pieces",
)
"""Arguments of every loop over one parameter set: numbers (:data:`RUN_NUMBERS`), and pointers to
float64 or int64. ``decoded`` is the address of room for prices; ``tables`` has the addresses of
each column's chunks, ``pieces`` a column."""

RUN_NUMBERS: Final = ("contracts", "log_capacity", "decoded", "pieces")
"""Those that are int64, not pointers."""

ARRAY_ARGUMENTS: Final = (
    "contracts",
    "offsets",
    "fields",
    "constants_f",
    "constants_i",
    "wanted",
)
"""Arguments of the entry of an author's own loop: ``contracts`` is int64, the others are pointers;
``fields`` has the address of each field's values."""

OUTCOMES: Final = ("pnl", "costs")
"""Rows of the float64 output, shape (2, contracts)."""

COUNTS: Final = ("trades", "skipped", "unfilled", "partial")
"""Rows of the int64 output, shape (4, contracts)."""

LATENCY, STALE, BOUND, BY_TICKS, TIMED = range(5)
"""Slots of ``fill_values``, int64: ticks or nanoseconds; nanoseconds; contracts; is the latency
in ticks; is there a column of times."""

PER_ORDER, PER_CONTRACT, BUY_RATE, SELL_RATE = range(4)
"""Slots of ``terms``, float64: the fields of ``CostTerms`` after the multiplier."""

CONTRACT, ROW, WANTED, LOGGED, STATUS = range(5)
"""Slots of ``place``, int64: where a loop is or stopped, what was wanted there, how many trades are
logged, and why it stopped: 0, :data:`OUT_OF_BOUNDS` or :data:`LOG_FULL`."""

DECODED_ROWS: Final = 128
"""Prices that are turned from hundredths into float64 at a time, where they fit the fastest cache.
128 gave 321 M rows/s on one core, 256 gave 318, 64 gave 310 and 512, whose two lanes lie 4,096
bytes apart, 299. At each row instead was 2% slower than 512."""

PRICE_BYTES: Final = 8
"""Size of a decoded price."""

SIDE_BY_SIDE: Final = 2
"""Contracts that go side by side in a plain loop."""
