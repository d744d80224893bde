"""System calls on files, in one place, so that tests can record and fail them.

Everything that makes a store durable goes through a :class:`FileLayer`, and so does every file that
is replaced whole. A partition file's content is the writer plugin's doing; from its fsync on, it is
this layer's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CAN_SYNC_FOLDERS = sys.platform != "win32"


class FileLayer:
    """Plain system calls. Each raises :class:`OSError` as the system does."""

    def write(self, path: Path, data: bytes) -> None:
        """Create (or empty) ``path`` and write ``data``. Not durable before :meth:`fsync`."""
        with path.open("wb", buffering=0) as file:
            _write_all(file.fileno(), data)

    def append(self, path: Path, data: bytes) -> None:
        """Append ``data`` to ``path``, which is created if need be."""
        with path.open("ab", buffering=0) as file:
            _write_all(file.fileno(), data)

    def truncate(self, path: Path, size: int) -> None:
        """Cut ``path`` back to ``size`` bytes."""
        os.truncate(path, size)

    def fsync(self, path: Path) -> None:
        """Make the content of the file at ``path`` durable."""
        # Windows flushes only through a handle that may write.
        descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def fsync_dir(self, path: Path) -> None:
        """Make the names in the folder ``path`` durable; Windows has no such call."""
        if _CAN_SYNC_FOLDERS:
            self.fsync(path)

    def rename(self, source: Path, target: Path) -> None:
        """Put ``source`` in the place of ``target``, atomically."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove the file ``path`` if it is there."""
        path.unlink(missing_ok=True)

    def mkdir(self, path: Path) -> None:
        """Create the folder ``path`` if it is not there; its parent exists."""
        path.mkdir(exist_ok=True)

    def remove_tree(self, path: Path) -> None:
        """Remove the folder ``path`` and all in it, if it is there."""
        if path.exists():
            shutil.rmtree(path)

    @contextmanager
    def replacing(
        self, target: Path, fresh: Path | None = None, *, durable: bool = False
    ) -> Iterator[Path]:
        """Gives a path beside ``target`` to write the new file to, which takes ``target``'s place
        at the end of the block: whoever opens ``target`` finds the old file or the whole new one.

        After an error in the block, or where a call fails, nothing but the old file is left.
        ``fresh``: the path, otherwise one that no other thread or process takes. ``durable``: power
        loss, too, leaves the old file or the new one, the new one from the end of the block on.
        """
        owner = f"{os.getpid()}-{threading.get_ident()}"
        fresh = fresh or target.with_name(f"{target.name}.{owner}.part")
        try:
            yield fresh
            if durable:
                self.fsync(fresh)
            self.rename(fresh, target)
        except BaseException as error:
            self.unlink(fresh)
            if isinstance(error, OSError) and error.errno and error.filename in (None, str(fresh)):
                error.filename = str(target)  # nobody knows the other one
            raise
        if durable:
            self.fsync_dir(target.parent)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, hexadecimal. Raises :class:`OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


SYSTEM = FileLayer()
"""The layer that writers use unless they are given another one."""
