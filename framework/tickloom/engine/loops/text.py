"""Indented lines of generated source."""

from __future__ import annotations


class Lines:
    """Collects source lines; each ``add`` says its depth."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, depth: int, *lines: str) -> None:
        """Append ``lines``, each indented by ``depth`` levels of four spaces."""
        self._lines += ["    " * depth + line for line in lines]

    def text(self) -> str:
        """The source, ending in a newline."""
        return "\n".join(self._lines) + "\n"


def indent(lines: list[str], depth: int = 1) -> list[str]:
    """``lines``, ``depth`` levels of four spaces deeper."""
    return ["    " * depth + line for line in lines]
