"""Where things lie in a store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

CONTROL_DIR: Final = "_tickloom"
"""Folder of everything that is not a partition file."""

MANIFEST: Final = "manifest.json"
LOG: Final = "manifest.log"
LOCK: Final = "lock"
LOCK_OWNER: Final = "lock.owner"
STAGING: Final = "staging"
QUARANTINE: Final = "quarantine"
INDEX: Final = "index"
INPUTS: Final = "inputs"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNDERLYING = re.compile(r"[A-Z0-9][A-Z0-9&._-]{0,62}")
_WINDOWS_DEVICES = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\..*)?")


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
        return Path(CONTROL_DIR, INDEX, self.date.isoformat(), f"{self.underlying}.json")


def input_name(path: Path, sha256: str) -> Path:
    """Where the store keeps a copy of the mapping or calendar file ``path``, relative to the
    control folder; ``sha256`` is the digest of its content."""
    return Path(INPUTS, sha256 + path.suffix)


def underlying_problem(underlying: str) -> str:
    """Why ``underlying`` cannot name a folder of a store; empty if it can.

    Only names that are one folder on every file system pass: a name comes from raw input, which
    may be hostile.
    """
    if not _UNDERLYING.fullmatch(underlying):
        return (
            "expected an underlying of 1 to 63 upper-case letters, digits and '&', '-', '.', '_', "
            f"starting with a letter or digit; found {underlying[:80]!r}"
        )
    if underlying.endswith(".") or _WINDOWS_DEVICES.fullmatch(underlying):
        return f"{underlying!r} cannot be a folder's name on every system"
    return ""


def partition_files(store: Path) -> Iterator[tuple[PartitionKey, Path]]:
    """The partition files that lie in ``store``, whatever a manifest says, in the store's order."""
    for day_folder in sorted(store.glob("????-??-??")):
        day = _day(day_folder.name)
        if day is None or not day_folder.is_dir():
            continue
        for folder in sorted(day_folder.iterdir()):
            if not folder.is_dir():
                continue
            for file in sorted(folder.glob("part-*")):
                yield PartitionKey(day, folder.name), file


def _day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
