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
        mapped.bytes_read = min(mapped.bytes_read + wanted + AROUND, found.st_size)
        with self._lock:
            self._kept[path] = mapped
            self._kept.move_to_end(path)
            while self.size > KEPT_BYTES:
                self._kept.popitem(last=False)
        return mapped.table

    @property
    def size(self) -> int:
        """Bytes that were read of the files that are kept."""
        return sum(mapped.bytes_read for mapped in self._kept.values())
