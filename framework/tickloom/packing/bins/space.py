"""Where bins lie: on disk, compressed where the system would not cache them.

Writing and mapping a row of 430 bytes takes 0.2 µs of CPU time as long as the system's cache holds
it until it is read: no more than in memory of our own. LZ4 makes 130 bytes of it and takes 0.7 µs
more (measured on 10 million rows). So bins are compressed only where they would outgrow the cache.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tickloom.store.layout import PartitionKey

FIRST_GUESS: Final = 10.0
"""Bytes of bins for a byte of raw files, until some were read; 4 to 11 are usual."""

CACHED_SHARE: Final = 4
"""Bins on disk stay as they are up to this part of the memory that nobody uses, and of the disk."""


class BinPlace(NamedTuple):
    """A file of bins to be written."""

    path: Path
    """Its path, in the staging folder."""

    compress: bool
    """Whether to compress it; otherwise it is mapped when it is read."""


class BinSpace:
    """Hands out places for bins."""

    def __init__(self, staging: Path, cache: int) -> None:
        """``cache``: the most that bins that are not compressed may take together, bytes."""
        self._staging = staging
        self._left = cache
        self._promised: dict[Path, int] = {}
        self._read = self._written = 0
        self._count = 0

    def place(self, raw_bytes: int) -> BinPlace:
        """A place for the bins of ``raw_bytes`` of raw files."""
        self._count += 1
        path = self._staging / f"bins-{self._count}"
        ratio = self._written / self._read if self._written else FIRST_GUESS
        need = int(raw_bytes * ratio * 1.25)
        if need > self._left:
            return BinPlace(path, compress=True)
        self._promised[path] = need
        self._left -= need
        return BinPlace(path, compress=False)

    def written(self, path: Path, raw_bytes: int, size: int) -> None:
        """The bins at ``path`` are written; only what they take counts from now on."""
        if path in self._promised:
            self._left += self._promised.pop(path) - size
            self._read += raw_bytes
            self._written += size


class BinUse:
    """Which files of bins are still needed. A gigabyte of them takes 0.2 s to remove: better done
    while workers are busy than when they are through."""

    def __init__(self, files: Mapping[PartitionKey, Iterable[Path]]) -> None:
        """``files``: those that each partition needs."""
        self._files = {key: set(files[key]) for key in files}
        self._users = Counter(file for files in self._files.values() for file in files)

    def done(self, key: PartitionKey) -> None:
        """The partition ``key`` needs its bins no more."""
        for file in self._files.pop(key, ()):
            self._users[file] -= 1
            if not self._users[file]:
                file.unlink()


def cache_room(staging: Path) -> int:
    """How much the system's cache is likely to hold of files in ``staging``, bytes."""
    import psutil  # type: ignore[import-untyped]

    idle = int(psutil.virtual_memory().available)
    return min(idle, shutil.disk_usage(staging).free) // CACHED_SHARE
