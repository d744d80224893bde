"""Where things lie in a store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

CONTROL_DIR: Final = "_tickloom"
"""Folder of everything that is not a partition file."""


@dataclass(frozen=True, slots=True, order=True)
class PartitionKey:
    """One trading day of one underlying."""

    date: date
    """Trading day, exchange wall clock."""

    underlying: str
    """Upper-case symbol."""

    def __str__(self) -> str:
        return f"{self.date.isoformat()}/{self.underlying}"

    @property
    def folder(self) -> Path:
        """Folder of the partition, relative to the store."""
        return Path(self.date.isoformat(), self.underlying)

    def file(self, suffix: str = ".parquet") -> Path:
        """The partition's file, relative to the store."""
        return self.folder / f"part-{self.underlying.lower()}-0{suffix}"

    @property
    def index(self) -> Path:
        """The partition's contract index, relative to the store."""
        return Path(CONTROL_DIR, "index", self.date.isoformat(), f"{self.underlying}.json")
