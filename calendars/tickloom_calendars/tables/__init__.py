"""Rules, holidays and generated expiries as committed tables."""

from __future__ import annotations

from importlib.resources import files


def table_text(name: str) -> str:
    """The text of one table, e.g. ``expiry_rules.csv``."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
