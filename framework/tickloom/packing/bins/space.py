"""Where bins lie: in memory as long as the budget allows it, on disk otherwise.

Writing and mapping a row of 430 bytes takes 0.2 µs of CPU time wherever it lies, as long as the
system's cache holds it until it is read. LZ4 makes 130 bytes of it and takes 0.7 µs more (measured
on 10 million rows). So bins on disk are compressed only where they would outgrow the cache.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

from tickloom.store.layout import PartitionKey

FIRST_GUESS: Final = 10.0
"""Bytes of bins for a byte of raw files, until some were read; 4 to 11 are usual."""

MOST_FILES: Final = 256
"""Open files of bins in memory; each holds a descriptor."""

CACHED_SHARE: Final = 4
"""Bins on disk stay as they are up to this part of the memory that nobody uses, and of the disk."""


class BinPlace(NamedTuple):
    """A file of bins to be written."""

    path: Path
    """Its path: in the staging folder, or of this process's open file that has no name."""

    compress: bool
    """Whether to compress it; otherwise it is mapped when it is read."""


@dataclass(slots=True)
class _Room:
    """Room for bins that are not compressed."""

    left: int
    """What nobody has taken or was promised, bytes."""


class BinSpace:
    """Hands out places for bins; a context manager, since those in memory last until its end."""

    def __init__(self, staging: Path, memory: int, cache: int) -> None:
        """``memory``: the most that bins in memory may take together, bytes; ``cache``: the same
        for bins on disk that are not compressed."""
        self._staging = staging
        self._memory = _Room(memory if hasattr(os, "memfd_create") else 0)
        self._cache = _Room(cache)
        self._promised: dict[Path, tuple[_Room, int]] = {}
        self._files: dict[Path, int] = {}
        self._read = self._written = 0
        self._count = 0

    def place(self, raw_bytes: int) -> BinPlace:
        """A place for the bins of ``raw_bytes`` of raw files."""
        self._count += 1
        on_disk = self._staging / f"bins-{self._count}"
        ratio = self._written / self._read if self._written else FIRST_GUESS
        need = int(raw_bytes * ratio * 1.25)
        if need <= self._memory.left and len(self._files) < MOST_FILES:
            # A file without a name: even a killed packer leaves nothing in memory behind.
            file = os.memfd_create(f"bins-{self._count}")
            path = Path(f"/proc/{os.getpid()}/fd/{file}")
            self._files[path] = file
            return self._promise(path, self._memory, need)
        if need <= self._cache.left:
            return self._promise(on_disk, self._cache, need)
        return BinPlace(on_disk, compress=True)

    def _promise(self, path: Path, room: _Room, size: int) -> BinPlace:
        self._promised[path] = room, size
        room.left -= size
        return BinPlace(path, compress=False)

    def written(self, path: Path, raw_bytes: int, size: int) -> None:
        """The bins at ``path`` are written; only what they take counts from now on."""
        if path in self._promised:
            room, promised = self._promised.pop(path)
            room.left += promised - size
            self._read += raw_bytes
            self._written += size

    def release(self, path: Path) -> None:
        """Nobody needs the bins at ``path`` any more."""
        if path in self._files:
            os.close(self._files.pop(path))
        else:
            path.unlink()

    def __enter__(self) -> BinSpace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            os.close(file)
        self._files.clear()


class BinUse:
    """Which files of bins are still needed. A gigabyte of them takes 0.2 s to remove: better done
    while workers are busy than when they are through."""

    def __init__(self, space: BinSpace, files: Mapping[PartitionKey, Iterable[Path]]) -> None:
        """``files``: those that each partition needs."""
        self._space = space
        self._files = {key: set(files[key]) for key in files}
        self._users = Counter(file for files in self._files.values() for file in files)

    def done(self, key: PartitionKey) -> None:
        """The partition ``key`` needs its bins no more."""
        for file in self._files.pop(key, ()):
            self._users[file] -= 1
            if not self._users[file]:
                self._space.release(file)


def cache_room(staging: Path) -> int:
    """How much the system's cache is likely to hold of files in ``staging``, bytes."""
    import psutil  # type: ignore[import-untyped]

    idle = int(psutil.virtual_memory().available)
    return min(idle, shutil.disk_usage(staging).free) // CACHED_SHARE
