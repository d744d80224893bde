"""Makes partition files that another tool wrote part of a managed store: digests and indexes.

The files stay as they are. All of them are taken, or none: the new manifest is the commit.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tickloom.errors import StoreError
from tickloom.files import file_sha256
from tickloom.progress import Progress, untold
from tickloom.schema import STORED_COLUMNS, Column, LogicalType, required
from tickloom.store.commits.control import entry_of
from tickloom.store.commits.manifest import Manifest, PartitionEntry
from tickloom.store.commits.session import WriteSession
from tickloom.store.foreign.names import NameReader
from tickloom.store.foreign.store import scan_index
from tickloom.store.layout import PartitionKey, partition_files, underlying_problem
from tickloom.store.partitions.formats import format_of
from tickloom.store.partitions.index import ContractIndex
from tickloom.store.partitions.order import contract_runs, index_problem, reading
from tickloom.store.partitions.types import PLAIN_TEXT, STRICT, column_problems
from tickloom.store.threads import in_threads
from tickloom.version import __version__

LISTED: Final = 5
"""Files that an error message names; the rest is counted."""

EXTRA_TYPES: Final = ("bool", "date", "datetime", "float64", "int64", "symbol")
"""Types that a column beyond the 58 can have."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """One file, examined."""

    key: PartitionKey
    entry: PartitionEntry
    index: bytes
    columns: tuple[Column, ...]
    """All columns of a series; of options those beyond the 58."""
    unnamed: int


class Adoption:
    """Takes the files that ``manifest`` does not know into it, and writes it."""

    def __init__(
        self,
        session: WriteSession,
        manifest: Manifest,
        *,
        names: NameReader | None = None,
        progress: Progress = untold,
    ) -> None:
        self._session = session
        self._manifest = manifest
        self._names = names or NameReader()
        self._progress = progress
        self.unnamed: int = 0
        """Contracts whose trading symbol could not be read."""

    def run(self) -> list[PartitionEntry]:
        """Do it; the new entries. Raises :class:`StoreError` naming the files that cannot be
        taken, and then changes nothing."""

        taken = self._examine_all()
        control = self._session.control
        for item in taken:
            target = control.store / item.key.index
            control.make_folders(target)
            control.replace(target, item.index)
        for folder in {(control.store / item.key.index).parent.parent for item in taken}:
            self._session.files.fsync_dir(folder)
        self._manifest.packer = __version__
        self._manifest.seq += 1
        self._manifest.partitions.update((item.key, item.entry) for item in taken)
        for item in taken:
            if item.key.series:
                self._manifest.series.setdefault(item.key.series, item.columns)
            elif self._manifest.columns is None:
                self._manifest.columns = item.columns
        control.replace(control.manifest, self._manifest.encode())
        self.unnamed = sum(item.unnamed for item in taken)
        return [item.entry for item in taken]

    def _examine_all(self) -> list[_Taken]:
        known = {entry.file for entry in self._manifest.partitions.values()}
        store = self._session.path
        files = [
            (key, path)
            for key, path in partition_files(store)
            if path.relative_to(store).as_posix() not in known
        ]
        taken: dict[PartitionKey, _Taken] = {}
        problems = []
        for done, found in enumerate(in_threads(self._try, files), 1):
            self._progress(done, len(files))
            if isinstance(found, StoreError):
                problems.append(str(found))
            elif found.key in taken or found.key in self._manifest.partitions:
                problems.append(f"{store / found.entry.file}: its partition has another file")
            else:
                taken[found.key] = found
        problems += _differing_columns(list(taken.values()), self._manifest)
        if problems:
            more = f"; and {len(problems) - LISTED} more" if len(problems) > LISTED else ""
            raise StoreError(
                f"{len(problems)} of {len(files)} files cannot be adopted, and none was: "
                f"{'; '.join(problems[:LISTED])}{more}"
            )
        return list(taken.values())

    def _try(self, item: tuple[PartitionKey, Path]) -> _Taken | StoreError:
        try:
            return self._examine(*item)
        except StoreError as error:
            return error

    def _examine(self, key: PartitionKey, path: Path) -> _Taken:
        if problem := underlying_problem(key.underlying):
            raise StoreError(f"{path}: {problem}")
        writer = format_of(path)
        with reading(path):
            for damage in writer.check(path):
                raise StoreError(f"{path}: {damage}")
            columns = writer.summarise(path).columns
        for problem in column_problems(columns, required(key.instrument), lenient=True):
            raise StoreError(f"{path}: {problem}")
        index = self._known_index(key, path) or scan_index(path, writer, key.instrument)
        if not key.series and all(rows.contract is None for rows in index.contracts):
            index = self._names.name(index, key, path, writer)
        encoded = msgspec.json.encode(index)
        file = path.relative_to(self._session.path).as_posix()
        entry = entry_of(file, path, index, encoded, file_sha256(path), adopted=True)
        unnamed = sum(rows.contract is None for rows in index.contracts)
        found = _series_columns(path, columns) if key.series else _extra_columns(path, columns)
        return _Taken(key, entry, encoded, found, 0 if key.series else unnamed)

    def _known_index(self, key: PartitionKey, path: Path) -> ContractIndex | None:
        """The index that is still there where a manifest was lost, if it is this file's: it knows
        names and conflicts that the file does not."""
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            data = (self._session.path / key.index).read_bytes()
            index = msgspec.json.decode(data, type=ContractIndex)
            if not index_problem(contract_runs(path, format_of(path), key.instrument), index):
                return index
        return None


def _extra_columns(path: Path, columns: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns beyond the 58, by name, with the store's types for them."""
    known = {column.name for column in STORED_COLUMNS}
    return tuple(
        Column(name, _logical(path, name, columns[name]), "of an adopted file")
        for name in sorted(set(columns) - known)
    )


def _series_columns(path: Path, columns: Mapping[str, str]) -> tuple[Column, ...]:
    """All columns of a series' file, in their order."""
    known = {column.name: column for column in STORED_COLUMNS}
    return tuple(
        known.get(name) or Column(name, _logical(path, name, columns[name]), "of an adopted file")
        for name in columns
    )


def _logical(path: Path, name: str, arrow: str) -> LogicalType:
    for logical, pattern in STRICT.items():
        if logical in EXTRA_TYPES and re.fullmatch(pattern, arrow):
            return logical
    if re.fullmatch(PLAIN_TEXT, arrow):
        return "symbol"
    raise StoreError(f"{path}: column {name} is of type {arrow}, which no store has; drop it")


def _differing_columns(taken: list[_Taken], manifest: Manifest) -> Iterator[str]:
    fixed = dict(manifest.series)
    if manifest.columns is not None:
        fixed[""] = manifest.columns
    for item in taken:
        expected = fixed.setdefault(item.key.series, item.columns)
        if [(c.name, c.type) for c in item.columns] != [(c.name, c.type) for c in expected]:
            what = "" if item.key.series else f" beyond the {len(STORED_COLUMNS)}"
            yield (
                f"{item.entry.file}: its columns{what} are {_listed(item.columns)}; those of the "
                f"{'series' if item.key.series else 'store'} are {_listed(expected)}"
            )


def _listed(columns: tuple[Column, ...]) -> str:
    return ", ".join(f"{column.name} ({column.type})" for column in columns) or "none"
