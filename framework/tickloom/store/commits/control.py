"""``STORE/_tickloom`` and what is done in it under the lock: publish, fold, recover, clean."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from tickloom.files import FileLayer
from tickloom.store import layout
from tickloom.store.commits.log import Commit, Remove, State, read_state
from tickloom.store.commits.manifest import Disagreements, PartitionEntry, parse_key
from tickloom.store.partitions.index import ContractIndex


class ControlFolder:
    """The control folder of one store."""

    def __init__(self, store: Path, files: FileLayer) -> None:
        self.store: Final = store
        self.path: Final = store / layout.CONTROL_DIR
        self.manifest: Final = self.path / layout.MANIFEST
        self.log: Final = self.path / layout.LOG
        self.staging: Final = self.path / layout.STAGING
        self._files = files

    def read(self) -> State:
        """Manifest and log; :class:`FileNotFoundError` where there is no manifest."""
        return read_state(self.manifest, self.log)

    def is_at_rest(self) -> bool:
        """False where a writer is at work, or was killed at it."""
        return not (self.log.exists() or self.staging.exists())

    def recover(self, state: State) -> None:
        """Finish the commits that ``state`` names, fold the log into the snapshot, clean up."""
        self._finish(state)
        try:
            self.replace(self.manifest, state.manifest.encode())
            self._files.unlink(self.log)
            state.staged.clear()
            state.removed.clear()
            state.log_size = 0
        finally:
            # Everything committed is in place and durable: even where the disk is too full for a
            # new snapshot, what is still staged is garbage.
            self.clean()

    def snapshot(self, state: State) -> None:
        """A snapshot of ``state`` beside its log, whose lines it holds: what follows in the log is
        then read only by who understands the snapshot's format."""
        self._finish(state)
        self.replace(self.manifest, state.manifest.encode())

    def _finish(self, state: State) -> None:
        touched: set[Path] = set()
        for commit in state.staged.values():
            touched |= self.publish(commit)
        for record in state.removed.values():
            touched |= self.discard(record)
        for folder in sorted(touched):
            self._files.fsync_dir(folder)

    def publish(self, commit: Commit) -> set[Path]:
        """Rename what ``commit`` staged into place, as far as that is outstanding.

        Returns the folders that must be made durable before the log may go.
        """
        key = parse_key(commit.key)
        touched: set[Path] = set()
        for staged, target in (
            (self.path / commit.data, self.store / commit.entry.file),
            (self.path / commit.index, self.store / key.index),
        ):
            touched |= self.make_folders(target)
            if staged.exists():
                self._files.rename(staged, target)
        if commit.obsolete:
            self._files.unlink(self.store / commit.obsolete)
        return touched

    def discard(self, record: Remove) -> set[Path]:
        """Remove the files of a partition that is no more."""
        touched = set()
        for path in (self.store / record.file, self.store / parse_key(record.key).index):
            if path.parent.exists():
                self._files.unlink(path)
                touched.add(path.parent)
        return touched

    def make_folders(self, target: Path) -> set[Path]:
        """Create the folders above ``target``, within the store; returns them, the store too."""
        folders = [target.parent]
        while folders[-1] != self.store:
            folders.append(folders[-1].parent)
        for folder in reversed(folders[:-1]):
            if not folder.is_dir():
                self._files.mkdir(folder)
        return set(folders)

    def replace(self, target: Path, data: bytes) -> None:
        """Put ``data`` in the place of ``target``, atomically and durably."""
        with self._files.replacing(target, _new(target), durable=True) as fresh:
            self._files.write(fresh, data)

    def clean(self) -> None:
        """Remove staging, and a snapshot that was never put in place."""
        self._files.remove_tree(self.staging)
        self._files.unlink(_new(self.manifest))


def _new(target: Path) -> Path:
    """Where the file that takes the place of ``target`` is written: the lock keeps it to one
    process, and the next one knows what to clean up."""
    return target.with_name(target.name + ".new")


def entry_of(
    file: str,
    content: Path,
    index: ContractIndex,
    encoded: bytes,
    sha256: str,
    *,
    adopted: bool = False,
    disagreements: Disagreements | None = None,
) -> PartitionEntry:
    """What the manifest says about the partition file ``file``, whose bytes are in ``content`` and
    have the digest ``sha256``; ``encoded`` are the bytes of its ``index``."""
    found = content.stat()
    return PartitionEntry(
        file=file,
        rows=index.rows,
        contracts=len(index.contracts),
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        sha256=sha256,
        index_sha256=hashlib.sha256(encoded).hexdigest(),
        adopted=adopted,
        disagreements=disagreements,
    )
