"""Which columns a store has beyond those that every store has, and what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from tickloom.engine.kernels.columns import extra_column
from tickloom.errors import UsageError
from tickloom.schema import STORED_NAMES, Column, LogicalType
from tickloom.specs.kernel import KernelSpec
from tickloom.store.api import Store


def of_store(spec: KernelSpec, store: Store) -> KernelSpec:
    """``spec`` with its columns as ``store`` has them.

    Raises :class:`UsageError` for one that the store lacks.
    """
    if STORED_NAMES.issuperset(spec.columns):
        return spec
    return replace(spec, columns=stored_columns(store, spec.columns))


def stored_columns(store: Store, names: Iterable[str]) -> tuple[str, ...]:
    """``names`` with what those beyond the 58 hold in ``store``; raises :class:`UsageError` for one
    that it lacks."""
    names = tuple(names)
    if STORED_NAMES.issuperset(names):
        return names
    known = {column.name: column for column in _extra(store)}
    for name in names:
        if name not in STORED_NAMES and name not in known:
            listed = ", ".join([*sorted(STORED_NAMES), *sorted(known)])
            raise UsageError(f"unknown column {str(name)!r}; {store.path} has: {listed}")
    return tuple(n if n in STORED_NAMES else extra_column(n, known[n]) for n in names)


def _extra(store: Store) -> Iterable[Column]:
    """The columns of ``store`` beyond the 58, from its manifest or its first file."""
    partitions = store.partitions()
    if not partitions:
        return ()
    found = partitions[0].writer.summarise(partitions[0].file()).columns
    return [
        Column(name, _logical(kind), "a vendor's or a transform's own")
        for name, kind in found.items()
        if name not in STORED_NAMES
    ]


def _logical(arrow: str) -> LogicalType:
    """The type whose values in a kernel are those of ``arrow``, as Arrow writes its types."""
    for start, logical in _LOGICAL.items():
        if arrow.startswith(start):
            return logical
    return "symbol"


_LOGICAL: Final[dict[str, LogicalType]] = {
    "double": "float64",
    "float": "float64",
    "halffloat": "float64",
    "int": "int64",
    "uint": "int64",
    "bool": "bool",
    "timestamp": "datetime",
    "date": "date",
}
"""Beginnings of the names of Arrow's types; what has none of them is no number."""
