"""The write side of a store: one lock, staged files, commits that are all or nothing.

A commit appends one line to the manifest's log and fsyncs it; before that, the staged file and its
index are on the disk, after it they are renamed into place. A crash before the line leaves the old
partition, a crash after it the new one: the next command finishes the renames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from tickloom.errors import Interrupted, StoreError
from tickloom.files import SYSTEM, FileLayer, file_sha256
from tickloom.schema import Column
from tickloom.store import layout
from tickloom.store.commits.control import entry_of
from tickloom.store.commits.log import (
    Commit,
    Describe,
    Record,
    Remove,
    Sources,
    State,
    apply,
    encode_record,
)
from tickloom.store.commits.manifest import Disagreements, Manifest, PartitionEntry, SourceEntry
from tickloom.store.commits.session import WriteSession, as_store_errors, store_error
from tickloom.store.commits.staged import CheckedFile, check_staged, check_summary
from tickloom.store.foreign.adoption import Adoption
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.index import ContractIndex
from tickloom.version import __version__


class StoreWriter:
    """The one writer of a store: a context manager that holds its lock.

    Within the context, an error of the file system becomes a :class:`StoreError`; SIGINT and
    SIGTERM end it between two commits, as :class:`tickloom.errors.Interrupted`.
    """

    def __init__(self, session: WriteSession) -> None:
        """Use :meth:`open`."""
        self.path: Final = session.path
        """The store."""
        self.staging: Final = session.staging
        """Folder on the store's file system for bins and staged files; gone after the context."""
        self.commits: int = 0
        """Partitions committed or removed so far."""
        self._session = session
        self._control = session.control
        self._files = session.files
        self._interrupts = session.interrupts
        self._state = State(Manifest())
        self._names = 0
        self._unclear = False

    @classmethod
    def open(
        cls, path: Path, *, create: bool = False, wait: float = 0.0, files: FileLayer = SYSTEM
    ) -> StoreWriter:
        """Lock the store at ``path`` (made if ``create``) and finish what a crash left behind.

        Partition files without a manifest are adopted. Waits ``wait`` seconds for another writer.
        Raises :class:`UsageError` if there is no store at ``path``, :class:`StoreBusyError` if it
        is being written, :class:`StoreError` if it is damaged or cannot be written or adopted.
        """
        session = WriteSession.open(path, create=create, wait=wait, files=files)
        writer = cls(session)
        try:
            with as_store_errors(path):
                writer._start()
        except BaseException as error:
            session.release()
            if isinstance(error, Interrupted):
                error.summary = writer._summary()
            raise
        return writer

    @property
    def manifest(self) -> Manifest:
        """The live manifest, every commit so far included."""
        return self._state.manifest

    def stage(self, key: PartitionKey, suffix: str = ".parquet") -> Path:
        """A new path in ``staging`` to write the partition ``key`` to."""
        if problem := layout.underlying_problem(key.underlying):
            raise StoreError(problem)
        self._names += 1
        name = str(key).replace("/", "-")
        return self.staging / f"{name}-{self._names}{suffix}"

    def commit(
        self,
        key: PartitionKey,
        staged: Path,
        index: ContractIndex,
        checked: CheckedFile | None = None,
        disagreements: Disagreements | None = None,
    ) -> PartitionEntry:
        """Make the file ``staged`` the partition ``key``: all of it, or nothing. The manifest
        remembers its ``disagreements``.

        Reads the written file back, unless ``checked`` says that this was done: raises
        :class:`StoreError` if its rows are out of order, or are not the ones that ``index``
        describes. Its columns are looked at in any case: what is committed passes ``verify``.
        """
        with as_store_errors(self.path):
            if checked is None or not checked.is_still(staged):
                checked = check_staged(staged, index, key.instrument)
            check_summary(staged, index, self.manifest.columns_of(key))
            target = self.path / key.file(staged.suffix)
            known = self.manifest.partitions.get(key)
            if known is None and target.exists():
                raise StoreError(
                    f"{target} is not in the manifest: another tool put it there. Move it away, "
                    "or run 'tickloom adopt STORE' to make it part of the store"
                )
            encoded = msgspec.json.encode(index)
            sidecar = staged.with_name(staged.name + ".index.json")
            self._files.write(sidecar, encoded)
            self._files.fsync(sidecar)
            self._files.fsync(staged)
            file = key.file(staged.suffix).as_posix()
            entry = entry_of(
                file, staged, index, encoded, checked.sha256, disagreements=disagreements
            )
            self._files.fsync_dir(self.staging)
            # Before the commit point: a disk too full for a folder must fail here.
            self._control.make_folders(target)
            self._control.make_folders(self.path / key.index)
            record = Commit(
                seq=self.manifest.seq + 1,
                key=str(key),
                entry=entry,
                data=staged.relative_to(self._control.path).as_posix(),
                index=sidecar.relative_to(self._control.path).as_posix(),
                obsolete=known.file if known and known.file != entry.file else "",
            )
            with self._interrupts.shielded():
                self._append(record)
                self.commits += 1
                self._control.publish(record)
        return entry

    def remove(self, key: PartitionKey) -> None:
        """Take the partition ``key`` out of the store."""
        entry = self.manifest.partitions[key]
        with as_store_errors(self.path), self._interrupts.shielded():
            record = Remove(seq=self.manifest.seq + 1, key=str(key), file=entry.file)
            self._append(record)
            self.commits += 1
            self._control.discard(record)

    def keep_rejected(self, staged: Path, name: str) -> tuple[str, str]:
        """Move the file ``staged`` of rejected rows into the quarantine.

        ``name`` gets a digest of the content added: the file that the manifest names so far stays
        as it is until the new one is recorded. Returns the path and the SHA-256 for a
        :class:`Rejection`. A file that no source names when the context ends is removed.
        """
        folder = self._control.path / layout.QUARANTINE
        with as_store_errors(self.path):
            if not folder.is_dir():
                self._files.mkdir(folder)
                self._files.fsync_dir(self._control.path)
            self._files.fsync(staged)
            digest = file_sha256(staged)
            target = folder / f"{Path(name).stem}-{digest[:12]}{Path(name).suffix}"
            self._files.rename(staged, target)
            self._files.fsync_dir(folder)
        return target.relative_to(self._control.path).as_posix(), digest

    def keep_input(self, path: Path) -> None:
        """Keep a copy of a mapping or calendar file, for whoever reads the sources again."""
        with as_store_errors(self.path):
            target = self._control.path / layout.input_name(path, file_sha256(path))
            if target.exists():
                return
            if not target.parent.is_dir():
                self._files.mkdir(target.parent)
                self._files.fsync_dir(self._control.path)
            self._control.replace(target, path.read_bytes())

    def record_sources(self, sources: Iterable[SourceEntry]) -> None:
        """Note what became of these sources; an entry replaces the one with its key."""
        if entries := tuple(sources):
            self._note(Sources(seq=self.manifest.seq + 1, entries=entries))

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Fix the columns that the store has beyond the 58."""
        self._describe(columns=tuple(columns))

    def set_series(self, series: Mapping[str, Sequence[Column]]) -> None:
        """Fix the columns of each series. The first one raises the store's format: at once, before
        a commit of a series is in the log, which an older version could not read."""
        before = self.manifest.format
        self._describe(series={name: tuple(columns) for name, columns in series.items()})
        if self.manifest.format != before:
            with as_store_errors(self.path), self._interrupts.shielded():
                self._control.snapshot(self._state)

    def set_settings(self, settings: Mapping[str, str]) -> None:
        """Record the settings that the store is written with."""
        self._describe(settings=dict(settings))

    def set_plugins(self, versions: Mapping[str, str]) -> None:
        """Record the plugins that are loaded: distribution to version."""
        self._describe(plugins=dict(versions))

    def close(self) -> None:
        """Fold the log into the snapshot, remove staging, let go of the lock."""
        try:
            with as_store_errors(self.path), self._interrupts.shielded():
                # An unclear commit is finished by the next command, which needs the staged file.
                if not self._unclear:
                    self._drop_unnamed_quarantine()
                    self._control.recover(self._state)
        finally:
            self._session.release()

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except StoreError as second:
            if error is None:
                raise
            error.add_note(str(second))
        except Interrupted as late:
            late.summary = self._summary()
            raise
        if isinstance(error, Interrupted):
            error.summary = self._summary()
        if isinstance(error, OSError):
            raise store_error(self.path, error) from error

    def _summary(self) -> str:
        return (
            f"{self.commits} partitions were committed and stay; the rest of the store is as it "
            "was. The same command, run again, goes on from there"
        )

    def _start(self) -> None:
        try:
            self._state = self._control.read()
        except FileNotFoundError:
            Adoption(self._session, self._state.manifest).run()
        if not self._control.is_at_rest():
            self._control.recover(self._state)
        self._session.make_staging()

    def _describe(
        self,
        columns: tuple[Column, ...] | None = None,
        settings: dict[str, str] | None = None,
        plugins: dict[str, str] | None = None,
        series: dict[str, tuple[Column, ...]] | None = None,
    ) -> None:
        self._note(
            Describe(
                seq=self.manifest.seq + 1,
                packer=__version__,
                columns=columns,
                settings=settings,
                plugins=plugins,
                series=series,
            )
        )

    def _note(self, record: Record) -> None:
        with as_store_errors(self.path), self._interrupts.shielded():
            self._append(record)

    def _append(self, record: Record) -> None:
        """Append to the log: once this returns, the change is made and durable."""
        if self._unclear:
            raise StoreError(f"{self.path}: writing its log failed; no further change is possible")
        line = encode_record(record)
        is_new = self._state.log_size == 0
        try:
            self._files.append(self._control.log, line)
            self._files.fsync(self._control.log)
            if is_new:
                self._files.fsync_dir(self._control.path)
        except OSError:
            self._take_back()
            raise
        self._state.log_size += len(line)
        apply(record, self._state)

    def _take_back(self) -> None:
        """After a failed append: nobody may ever find the line, or a part of it, in the log."""
        try:
            self._files.truncate(self._control.log, self._state.log_size)
            self._files.fsync(self._control.log)
        except OSError:
            # Whether the line is on the disk is unknown: the log and the staged files stay, and
            # the next command sees which it is.
            self._unclear = True

    def _drop_unnamed_quarantine(self) -> None:
        folder = self._control.path / layout.QUARANTINE
        if not folder.exists():
            return
        named = {
            rejection.file
            for source in self.manifest.sources.values()
            for rejection in source.rejected
        }
        for path in folder.iterdir():
            if path.relative_to(self._control.path).as_posix() not in named:
                self._files.unlink(path)
