"""Writes rows as a MySQL dump, in the many ways that such dumps are written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

ESCAPES = {"\0": "\\0", "\b": "\\b", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1a": "\\Z"}


def literal(value: Any, *, double: bool = False) -> str:
    """A value as mysqldump writes it; ``double``: quotes are doubled instead of escaped, and
    strings stand in double quotes."""
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dt.datetime):
        return f"'{value}'"
    text = str(value).replace("\\", "\\\\")
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    if double:
        return '"' + text.replace('"', '""') + '"'
    return "'" + text.replace("'", "\\'") + "'"


def values(rows: Sequence[Sequence[Any]], *, double: bool = False, between: str = ",") -> str:
    """``(…),(…)``."""
    return between.join("(" + ",".join(literal(v, double=double) for v in r) + ")" for r in rows)


def create(table: str, columns: dict[str, str], *, more: str = "") -> str:
    """``CREATE TABLE`` as mysqldump writes it."""
    lines = ",\n".join(f"  `{name}` {kind}" for name, kind in columns.items())
    return f"CREATE TABLE `{table}` (\n{lines}{more}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n"
