"""The lock of a store, a staging folder and the two signals, from the first write to the last."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tickloom.errors import StoreError, UsageError
from tickloom.files import SYSTEM, FileLayer
from tickloom.store import layout
from tickloom.store.commits.control import ControlFolder
from tickloom.store.commits.interrupts import Interrupts
from tickloom.store.commits.lock import StoreLock


class WriteSession:
    """What every command that writes into a store holds while it does."""

    def __init__(self, control: ControlFolder, lock: StoreLock, files: FileLayer) -> None:
        """Use :meth:`open`."""
        self.path: Final = control.store
        """The store."""
        self.control: Final = control
        """Its control folder."""
        self.files: Final = files
        """What every system call goes through."""
        self.interrupts: Final = Interrupts()
        """SIGINT and SIGTERM, in this process's main thread."""
        self.staging: Final = control.staging / f"{os.getpid()}-{secrets.token_hex(4)}"
        """Folder on the store's file system for bins and staged files; gone after the session.
        Its name is new each time: a killed packer's orphans cannot write into it."""
        self._lock = lock

    @classmethod
    def open(
        cls, path: Path, *, create: bool = False, wait: float = 0.0, files: FileLayer = SYSTEM
    ) -> WriteSession:
        """Lock the store at ``path``, which is made if ``create``.

        Waits ``wait`` seconds for another writer. Raises :class:`UsageError` if there is no store
        at ``path``, :class:`StoreBusyError` if it is being written, :class:`StoreError` if it
        cannot be written.
        """
        _check_place(path, create)
        control = ControlFolder(path, files)
        with as_store_errors(path):
            _make_durably(control.path.absolute(), files)
            lock = StoreLock(control.path)
            lock.acquire(wait)
        session = cls(control, lock, files)
        session.interrupts.install()
        return session

    def make_staging(self) -> None:
        """Create the staging folder."""
        self.files.mkdir(self.control.staging)
        self.files.mkdir(self.staging)
        self.files.fsync_dir(self.control.staging)
        self.files.fsync_dir(self.control.path)

    def release(self) -> None:
        """Let go of the lock and the signals."""
        self.interrupts.restore()
        self._lock.release()


def finish_interrupted(path: Path) -> None:
    """Finish what a killed writer left in the store at ``path``.

    A live writer, or a store that may not be written, is left alone: a reader finds the files of
    unfinished commits by itself.
    """
    control = ControlFolder(path, SYSTEM)
    if not control.path.is_dir() or control.is_at_rest():
        return
    with contextlib.suppress(StoreError, UsageError):
        session = WriteSession.open(path)
        try:
            with as_store_errors(path), session.interrupts.shielded():
                if control.manifest.exists():
                    control.recover(control.read())
                else:
                    control.clean()
        finally:
            session.release()


@contextmanager
def as_store_errors(path: Path) -> Iterator[None]:
    """Errors of the file system as one line about the store at ``path``."""
    try:
        yield
    except OSError as error:
        raise store_error(path, error) from error


def store_error(path: Path, error: OSError) -> StoreError:
    """The line for an error of the file system."""
    where = f" ({error.filename})" if error.filename else ""
    return StoreError(
        f"writing to {path} failed: {error.strerror or error}{where}. Every partition is whole, "
        "the old one or the new one; remove the cause and run the same command again"
    )


def _make_durably(folder: Path, files: FileLayer) -> None:
    """Create ``folder`` and what is missing above it: a commit in a folder whose own name is lost
    with the power would be lost with it."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for folder in reversed(missing):
        files.mkdir(folder)
        files.fsync_dir(folder.parent)


def _check_place(path: Path, create: bool) -> None:
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; a store is a folder")
    if not path.exists():
        if not create:
            raise UsageError(f"there is no store at {path}: no such folder")
        return
    if (path / layout.CONTROL_DIR).is_dir() or any(layout.partition_files(path)):
        return
    others = sorted(entry.name for entry in path.iterdir())
    if not create or others:
        found = f"found {', '.join(others[:5])}" if others else "it is empty"
        raise UsageError(
            f"{path} is no store: expected {layout.CONTROL_DIR} or DATE/UNDERLYING folders, {found}"
        )
