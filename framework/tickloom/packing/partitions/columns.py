"""Which columns a store has beyond the 58: fixed by the first pack, later ones only if asked."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from tickloom.packing.partitions.extra_columns import common_type, extra_types, fits, given_by
from tickloom.packing.rows.transforms import partition_transforms, taken_names
from tickloom.packing.sources.units import UnitResult
from tickloom.schema import RAW_COLUMNS, Column, LogicalType


def fix_columns(
    fixed: tuple[Column, ...] | None, results: Iterable[UnitResult], *, may_add: bool
) -> tuple[tuple[Column, ...], dict[int, str]]:
    """The columns beyond the 58 that the store will have, by name; and the units that do not fit
    into them, by number, with the reason.

    ``fixed`` are the store's so far, None before its first pack.
    """
    results = list(results)
    found = {result.number: extra_types(result.columns) for result in results}
    beyond_floats = {result.number: result.beyond_floats for result in results}
    known = {column.name: column for column in fixed or ()}
    givers = {name: t.name for t in partition_transforms() for name in t.gives}
    if fixed is None or may_add:
        types: dict[str, LogicalType | None] = {}
        for columns in found.values():
            for name, logical in columns.items():
                if name not in known:
                    types[name] = common_type(types.get(name), logical)
        known |= {n: Column(n, common_type(None, t), "vendor's own") for n, t in types.items()}
        raw = (*RAW_COLUMNS, *(known[name] for name in known if name not in givers))
        known |= {column.name: column for column in given_by(partition_transforms(), raw)}
    misfits = {
        number: reason
        for number, columns in found.items()
        if (reason := _taken(columns, givers) or _misfit(columns, known, beyond_floats[number]))
    }
    return tuple(known[name] for name in sorted(known)), misfits


def _taken(columns: Iterable[str], givers: Mapping[str, str]) -> str:
    taken = sorted(name for name in columns if name in givers)
    return taken_names(givers[taken[0]], taken) if taken else ""


def _misfit(
    columns: Mapping[str, LogicalType | None],
    known: Mapping[str, Column],
    beyond_floats: Container[str],
) -> str:
    new = sorted(set(columns) - set(known))
    if new:
        return (
            f"has columns that the store does not have: {', '.join(new)}. Pack it again with "
            "--add-columns to rewrite the store with them"
        )
    for name, logical in sorted(columns.items()):
        if not fits(logical, known[name]):
            return f"column {name!r} holds {logical}; the store's column holds {known[name].type}"
        if name in beyond_floats and known[name].type == "float64":
            return f"column {name!r} holds integers that the store's column, float64, cannot hold"
    return ""
