"""The merge by its definition, on lists of tuples whose first item is the tick time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

Row = tuple[Any, ...]


def sort_key(row: Row) -> list[tuple[bool, Any]]:
    """Rows by all columns, nulls first."""
    return [(value is not None, value) for value in row]


def explain_difference(sources: Sequence[Sequence[Row]], merged: Sequence[Row]) -> str:
    """Why ``merged`` is not the union of ``sources``; empty if it is.

    Where two sources are equally long at one time, either may come first: which one is a matter
    of a hash, and only has to be the same in whatever order they come.
    """
    times = [row[0] for row in merged]
    if times != sorted(times):
        return "not sorted by time"
    for time in sorted({row[0] for source in sources for row in source} | set(times)):
        parts = [[row for row in source if row[0] == time] for source in sources]
        found = [row for row in merged if row[0] == time]
        counts: Counter[Row] = Counter()
        for part in parts:
            for row, count in Counter(part).items():
                counts[row] = max(counts[row], count)
        if Counter(found) != counts:
            return f"at {time}: expected the rows {dict(counts)}, found {found}"
        longest = max(len(part) for part in parts)
        for first in (part for part in parts if len(part) == longest):
            others = counts - Counter(first)
            expected = first + sorted(others.elements(), key=sort_key)
            if found == expected:
                break
        else:
            return f"at {time}: no source of {longest} rows comes first in {found}"
    return ""
