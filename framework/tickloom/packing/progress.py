"""Progress of long work, for whoever wants to show it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told about the phases of a pack."""

    def start(self, what: str, total: int) -> None:
        """A phase begins: ``total`` steps, 0 where the number is not known."""
        ...

    def advance(self, steps: int) -> None:
        """So many steps of it are done."""
        ...


class Silent:
    """Shows nothing."""

    def start(self, what: str, total: int) -> None:
        """Nothing."""

    def advance(self, steps: int) -> None:
        """Nothing."""
