"""Hot files that stay mapped from one run of a process to the next."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

KEPT_BYTES: Final = 0 if sys.platform == "win32" else 64 * 2**20
"""Bytes that were read of files that stay mapped. They count as memory of the process, so that a
large run must not keep them. To map a file, its pages one by one as a loop reaches them, and to
unmap it takes a quarter of a run: 4 M rows took 14.1 ms instead of 19.6, 1 M rows 6.7 instead of
8.5. Windows neither deletes nor replaces a mapped file."""

AROUND: Final = 64 * 1024
"""Bytes that Linux maps around the one that is read first."""


@dataclass(slots=True)
class _Mapped:
    state: tuple[int, int, int]
    table: pa.Table
    bytes_read: int


class Mappings:
    """The files that were read last, as tables; threads may share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Path, _Mapped] = OrderedDict()
        self._lock = threading.Lock()
        self.size: int = 0
        """Bytes that were read of the files that are kept. Adding them up anew for each of 1,900
        files took longer than the rest of its slice."""

    def table(self, path: Path, read: Callable[[Path], pa.Table], wanted: int) -> pa.Table:
        """``read(path)``, or what that gave for the file that is still at ``path``: one of the same
        inode, size and time. ``wanted`` bytes of it will be read. Raises what ``read`` raises."""
        try:
            found = path.stat()
        except OSError:
            return read(path)  # which says what is wrong with it
        state = found.st_ino, found.st_size, found.st_mtime_ns
        with self._lock:
            mapped = self._kept.get(path)
        if mapped is None or mapped.state != state:
            mapped = _Mapped(state, read(path), 0)
        with self._lock:
            self._keep(path, mapped, min(mapped.bytes_read + wanted + AROUND, found.st_size))
        return mapped.table

    def _keep(self, path: Path, mapped: _Mapped, bytes_read: int) -> None:
        before = self._kept.pop(path, None)
        self.size += bytes_read - (before.bytes_read if before else 0)
        mapped.bytes_read = bytes_read
        self._kept[path] = mapped
        while self.size > KEPT_BYTES:
            self.size -= self._kept.popitem(last=False)[1].bytes_read
