"""Gives lines of generated source names of their own, so that they can stand in a loop twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_TARGETS: Final = re.compile(r"\s*(?:for )?(\w+(?:, \w+)*) (?:[-+]?=|in) ")


def assigned(lines: Iterable[str]) -> frozenset[str]:
    """The names that ``lines`` assign: what differs between two contracts that go side by side."""
    found = (_TARGETS.match(line) for line in lines)
    return frozenset(name for match in found if match for name in match[1].split(", "))


def renamed(lines: list[str], names: frozenset[str], lane: str) -> list[str]:
    """``lines`` with ``_lane`` behind each of ``names``."""
    word = re.compile(rf"\b(?:{'|'.join(sorted(names))})\b")
    return word.sub(lambda name: f"{name[0]}_{lane}", "\n".join(lines)).split("\n")
