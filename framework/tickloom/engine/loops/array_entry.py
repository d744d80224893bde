"""The C entry point of an array kernel: pointers in, the author's arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tickloom.engine.loops.text import Lines

LEADING_ARGUMENTS: Final = ("contracts", "offsets")
"""Before the columns."""

TRAILING_ARGUMENTS: Final = ("constants_f", "constants_i", "wanted")
"""After the columns; both views of the constants point to the same record."""


def array_source(fields: Sequence[str], constants: Sequence[type]) -> str:
    """The module text that defines ``loop``; ``author``, ``Columns`` and ``Constants`` are put into
    its namespace by the compiler."""
    names = (*LEADING_ARGUMENTS, *(f"at_{name}" for name in fields), *TRAILING_ARGUMENTS)
    out = Lines()
    out.add(0, f"def loop({', '.join(names)}):")
    out.add(1, "rows = offsets[contracts]")
    arrays = ", ".join(f"read_only(carray(at_{name}, rows))" for name in fields)
    out.add(1, f"columns = Columns({arrays})")
    out.add(1, f"constants = Constants({constant_values(constants)})")
    out.add(1, "bounds = read_only(carray(offsets, contracts + 1))")
    out.add(1, "author(bounds, columns, constants, carray(wanted, rows))", "return 0")
    return out.text()


def constant_values(kinds: Sequence[type]) -> str:
    """The arguments that rebuild the constants from their slots."""
    slots = {
        float: "constants_f[{0}]",
        int: "constants_i[{0}]",
        bool: "constants_i[{0}] != 0",
    }
    return ", ".join(slots[kind].format(slot) for slot, kind in enumerate(kinds))
