"""What a loop is specialised for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tickloom.engine.kernels.variant import Variant

_MOST_COLUMNS: Final = 7
"""Columns up to which contracts go side by side. Steps over one to three levels of the book became
6-15% quicker; one over five levels took 26% longer, since the addresses that two lanes need do not
fit the registers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopShape:
    """What the machine code of a loop depends on beside the step."""

    columns: tuple[str, ...]
    """Columns that the loop gets, in order; the last is ``wanted`` for a stepless loop."""

    dtypes: tuple[str, ...]
    """NumPy dtype name of each."""

    tick: tuple[str, ...]
    """Columns and clock fields of the tick; of a stepless loop ``wanted`` alone."""

    constants: tuple[type, ...]
    """float, int or bool for each constant."""

    one: bool
    """The wanted position is -1, 0 or 1."""

    variant: Variant
    """The specialisation."""

    def stored(self, name: str) -> str:
        """NumPy dtype name of a column."""
        return self.dtypes[self.columns.index(name)]

    @property
    def side_by_side(self) -> bool:
        """Whether the loop runs two contracts at a time."""
        return runs_side_by_side(self.columns, self.variant)


def runs_side_by_side(columns: Sequence[str], variant: Variant) -> bool:
    """Whether a loop over ``columns`` runs two contracts at a time."""
    return "wanted" not in columns and variant.plain and len(columns) <= _MOST_COLUMNS
