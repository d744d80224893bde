"""Where things lie in a store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from tickloom.contracts import Contract, Instrument

CONTROL_DIR: Final = "_tickloom"
"""Folder of everything that is not a partition file."""

SERIES_DIR: Final = "_series"
"""Folder of the underlyings' own series; no glob over the days of options finds it."""

SERIES: Final[tuple[Instrument, ...]] = ("future", "spot")

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
    """One trading day of one underlying: its options, or a series of its own."""

    date: date
    """Trading day, exchange wall clock."""

    underlying: str
    """Upper-case symbol."""

    instrument: Instrument = "option"
    """``option``, or the series: ``future`` or ``spot``."""

    def __str__(self) -> str:
        name = f"{self.date.isoformat()}/{self.underlying}"
        return name if self.instrument == "option" else f"{name}/{self.instrument}"

    @property
    def series(self) -> str:
        """What names its series, all days of it: ``UNDERLYING/spot``, say; empty of options."""
        return "" if self.instrument == "option" else f"{self.underlying}/{self.instrument}"

    @property
    def folder(self) -> Path:
        """Folder of the partition, relative to the store."""
        return Path(*self._above(SERIES_DIR), self.date.isoformat(), self.underlying)

    def file(self, suffix: str = ".parquet") -> Path:
        """The partition's file, relative to the store."""
        return self.folder / f"part-{self.underlying.lower()}-0{suffix}"

    @property
    def index(self) -> Path:
        """The partition's contract index, relative to the store."""
        above = self._above()
        return Path(CONTROL_DIR, INDEX, *above, self.date.isoformat(), f"{self.underlying}.json")

    def _above(self, *folders: str) -> tuple[str, ...]:
        """Folders that a series has above its day."""
        return () if self.instrument == "option" else (*folders, self.instrument)


def key_of(day: date, contract: Contract) -> PartitionKey:
    """The partition of ``contract`` on ``day``."""
    return PartitionKey(day, contract.underlying, contract.instrument)


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
    """The partition files that lie in ``store``, whatever a manifest says, in the store's order;
    those of series come last."""
    yield from _files_of(store, "option")
    for instrument in SERIES:
        yield from _files_of(store / SERIES_DIR / instrument, instrument)


def _files_of(store: Path, instrument: Instrument) -> Iterator[tuple[PartitionKey, Path]]:
    for day_folder in sorted(store.glob("????-??-??")):
        day = _day(day_folder.name)
        if day is None or not day_folder.is_dir():
            continue
        for folder in sorted(day_folder.iterdir()):
            if not folder.is_dir():
                continue
            for file in sorted(folder.glob("part-*")):
                yield PartitionKey(day, folder.name, instrument), file


def _day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
