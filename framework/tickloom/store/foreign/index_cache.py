"""Remembers the contract indexes of files that no manifest describes.

Making one reads five columns of the whole file, as long as a run takes over four others. What is
remembered is tied to the file's path, inode, size and time; it lies in the user's cache folder and
may be deleted at any time. Verifying and adopting never use it.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from tickloom.files import SYSTEM
from tickloom.paths import path_text
from tickloom.store.partitions.index import INDEX_FORMAT, ContractIndex
from tickloom.user_cache import user_cache

STABLE_NS: Final = 2_000_000_000
"""A file that changed less than this ago might change again without its time showing it."""


def remembered(path: Path, make: Callable[[], ContractIndex]) -> ContractIndex:
    """The index of the file at ``path``, from the cache or from ``make()``.

    Raises what ``make`` raises. A cache that cannot be read or written only costs time.
    """
    before = path.stat()
    identity = f"{path_text(path.resolve())}|{before.st_ino}|{before.st_size}|{before.st_mtime_ns}"
    digest = hashlib.sha256(f"{identity}|{INDEX_FORMAT}".encode()).hexdigest()
    entry = user_cache() / "indexes" / f"{digest}.json"
    try:
        return msgspec.json.decode(entry.read_bytes(), type=ContractIndex)
    except (OSError, msgspec.DecodeError):
        index = make()
    if time.time_ns() - before.st_mtime_ns > STABLE_NS:
        _keep(entry, index)
    return index


def _keep(entry: Path, index: ContractIndex) -> None:
    with contextlib.suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        with SYSTEM.replacing(entry) as fresh:
            fresh.write_bytes(msgspec.json.encode(index))
