"""The system calls of the commit protocol, in one place, so that tests can record and fail them.

Everything that makes a store durable goes through a :class:`FileLayer`. A partition file's content
is the writer plugin's doing; from its fsync on, it is this layer's.
"""

from __future__ import annotations

import os
import shutil
import sys
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


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


SYSTEM = FileLayer()
"""The layer that writers use unless they are given another one."""
