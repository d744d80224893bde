"""The read side of a store: partitions found through the manifest, never by globbing.

A folder of partition files without a manifest, as the documented scripts write it, is read too:
its files are what there is, and a contract index is made by scanning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from os import PathLike
from pathlib import Path
from typing import Final

import msgspec

from tickloom.errors import StoreError, UnknownNameError
from tickloom.files import SYSTEM, file_sha256
from tickloom.paths import local_path
from tickloom.specs import WriterSpec
from tickloom.store.commits.control import ControlFolder
from tickloom.store.commits.log import State
from tickloom.store.commits.manifest import DamagedError, Manifest, PartitionEntry
from tickloom.store.commits.session import finish_interrupted
from tickloom.store.foreign.index_cache import remembered
from tickloom.store.foreign.store import foreign_partitions, scan_index
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.contract_columns import ContractColumns, indexed_columns
from tickloom.store.partitions.formats import format_of
from tickloom.store.partitions.index import ContractIndex


class PartitionChangedError(StoreError):
    """A partition was replaced between two looks at it; asking again finds the new one."""


def open_store(path: str | PathLike[str]) -> Store:
    """The store at ``path``. Finishes what a killed writer left behind, where it may write.

    Raises :class:`UsageError` if there is none, :class:`StoreError` if its manifest is damaged or
    of a newer format.
    """
    return Store(local_path(path))


class Store:
    """A store as it was when it was opened or last looked at."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        """The store."""
        self._control = ControlFolder(path, SYSTEM)
        finish_interrupted(path)
        self._state: State | None = None
        self._foreign: dict[PartitionKey, Path] = {}
        self.reload()

    def __repr__(self) -> str:
        count = len(self._keys())
        kind = "" if self.managed else ", without a manifest"
        return f"<Store {str(self.path)!r}: {count:,} partitions{kind}>"

    @property
    def managed(self) -> bool:
        """True where the store has a manifest."""
        return self._state is not None

    @property
    def manifest(self) -> Manifest:
        """The manifest; an empty one where the store has none."""
        return self._state.manifest if self._state else Manifest()

    def partitions(self) -> tuple[Partition, ...]:
        """All partitions of options, by date and underlying."""
        return tuple(Partition(self, key) for key in sorted(self._keys()) if not key.series)

    def series(self) -> tuple[Partition, ...]:
        """All partitions of the underlyings' own series, by date and underlying."""
        return tuple(Partition(self, key) for key in sorted(self._keys()) if key.series)

    def _keys(self) -> Collection[PartitionKey]:
        return self._state.manifest.partitions if self._state else self._foreign

    def partition(self, key: PartitionKey) -> Partition:
        """The partition ``key``; raises :class:`UnknownNameError` listing what there is."""
        found = self.find(key)
        if found is None:
            raise UnknownNameError("partition", str(key), map(str, self._keys()))
        return found

    def find(self, key: PartitionKey) -> Partition | None:
        """The partition ``key``; None where there is none."""
        return Partition(self, key) if key in self._keys() else None

    def reload(self) -> None:
        """Look at the manifest again: a packer may have committed."""
        try:
            self._state = self._control.read()
        except (FileNotFoundError, NotADirectoryError):  # the latter where the path is a file's
            self._foreign = foreign_partitions(self.path)

    def entry(self, key: PartitionKey) -> PartitionEntry | None:
        """What the manifest says about ``key``; None without a manifest."""
        return self._state.manifest.partitions.get(key) if self._state else None

    def data_paths(self, key: PartitionKey, entry: PartitionEntry | None) -> list[Path]:
        """Where the partition's file can be: in place, or staged while its commit goes on."""
        if entry is None:
            return [self._foreign[key]]
        staged = self._state.staged.get(key) if self._state else None
        paths = [self.path / entry.file]
        return [*paths, self._control.path / staged.data] if staged else paths

    def index_paths(self, key: PartitionKey) -> list[Path]:
        """Where the partition's contract index can be."""
        staged = self._state.staged.get(key) if self._state else None
        paths = [self.path / key.index]
        return [*paths, self._control.path / staged.index] if staged else paths


class Partition:
    """One partition, as its first use finds it; later uses insist on the same one.

    Read it as ``index()``, ``file()``, then the rows, then ``confirm()``: where one of them raises
    :class:`PartitionChangedError`, ask the store for the partition again and start over.
    """

    def __init__(self, store: Store, key: PartitionKey) -> None:
        self.key: Final = key
        """Date and underlying."""
        self._store = store
        self._entry = store.entry(key)
        self._index_used = False
        self._file: tuple[Path, tuple[int, ...]] | None = None

    def __repr__(self) -> str:
        rows = f": {self._entry.rows:,} rows" if self._entry else ""
        return f"<Partition {self.key}{rows}>"

    @property
    def entry(self) -> PartitionEntry | None:
        """What the manifest says about it; None in a store without one."""
        return self._entry

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self._entry.rows if self._entry else self.writer.summarise(self.file()).rows

    @property
    def size(self) -> int:
        """Size of the file, bytes."""
        return self._entry.size if self._entry else self.file().stat().st_size

    @property
    def writer(self) -> WriterSpec:
        """The format of its file."""
        return format_of(self._store.data_paths(self.key, self._entry)[0])

    def file(self) -> Path:
        """The file, which has the size and the time (or the digest) that the manifest names.

        On a mismatch the manifest is read once more. Raises :class:`StoreError` if there is no such
        file, :class:`PartitionChangedError` if the partition was replaced since its first use.
        """
        for _ in range(2):
            for path in self._store.data_paths(self.key, self._entry):
                identity = _identity(path)
                if identity and self._is_named(path, identity):
                    self._file = path, identity
                    return path
            self._look_again()
        raise StoreError(
            f"{self._store.data_paths(self.key, self._entry)[0]} is missing, or not the file that "
            "was committed. Restore it from a backup; or delete it, run 'tickloom adopt STORE' and "
            "pack its sources again"
        )

    def index(self) -> ContractIndex:
        """The contract index. Without a manifest it is made by scanning the file, and remembered
        in the user's cache folder."""
        if self._entry is None:
            path = self.file()
            return remembered(path, lambda: scan_index(path, self.writer, self.key.instrument))
        return msgspec.json.decode(self._index_data(self._entry)[0], type=ContractIndex)

    def contracts(self) -> ContractColumns:
        """The contract index in columns, without names and conflicts."""
        if self._entry is None:
            return ContractColumns.of(self.index().contracts)
        return indexed_columns(*self._index_data(self._entry))

    def _index_data(self, entry: PartitionEntry) -> tuple[bytes, str]:
        """The bytes of the index that the manifest names, and their digest."""
        for _ in range(2):
            for path in self._store.index_paths(self.key):
                data = _bytes(path)
                digest = hashlib.sha256(data).hexdigest()
                if digest == entry.index_sha256:
                    self._index_used = True
                    return data, digest
            self._look_again()
            entry = self._entry or entry
        raise DamagedError(
            str(self._store.path / self.key.index), "it is missing, or not what was committed"
        )

    def confirm(self) -> None:
        """After reading: raise :class:`PartitionChangedError` if the file that :meth:`file` gave
        has been replaced since, so that what was read may be another partition's."""
        if self._file is None:
            return
        path, identity = self._file
        if _identity(path) != identity and self.file() != path:
            # It was read where it was staged, and is in place now: the same file.
            return
        if _identity(path) != identity:
            raise self._changed()

    def _is_named(self, path: Path, identity: tuple[int, ...]) -> bool:
        if self._entry is None:
            return self._file is None or self._file[1] == identity
        _, size, mtime_ns = identity
        if size != self._entry.size:
            return False
        # A copied store has other times: then the bytes decide.
        return mtime_ns == self._entry.mtime_ns or _digest(path, identity) == self._entry.sha256

    def _look_again(self) -> None:
        self._store.reload()
        entry = self._store.entry(self.key)
        if entry is None or self._entry is None:
            if entry is not self._entry:
                raise self._changed()
            return
        if self._file and entry.sha256 != self._entry.sha256:
            raise self._changed()
        if self._index_used and entry.index_sha256 != self._entry.index_sha256:
            raise self._changed()
        self._entry = entry

    def _changed(self) -> PartitionChangedError:
        return PartitionChangedError(
            f"{self.key} was replaced by a packer while it was read; run the same command again"
        )


_digests: dict[tuple[Path, tuple[int, ...]], str] = {}


def _digest(path: Path, identity: tuple[int, ...]) -> str:
    """The file's SHA-256, computed once per process for one state of the file."""
    known = _digests.get((path, identity))
    if known is None:
        known = _digests[path, identity] = file_sha256(path)
    return known


def _identity(path: Path) -> tuple[int, ...] | None:
    """Inode, size and time of the file at ``path``; None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
