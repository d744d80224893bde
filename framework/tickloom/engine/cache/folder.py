"""Where compiled kernels lie: one folder a kernel, one entry a variant and key.

Each entry has the generated source beside it, for reading and for tracebacks.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

from filelock import FileLock
from platformdirs import user_cache_path

from tickloom.engine.cache.entry import SUFFIX, Entry, read_entry, write_entry, write_whole
from tickloom.errors import CacheWarning

CACHE_DIR: Final = "TICKLOOM_CACHE_DIR"
"""Environment variable that moves the cache."""

_KEY_DIGITS: Final = 20
_warned: set[Path] = set()


def cache_folder() -> Path:
    """The folder of compiled kernels."""
    moved = os.environ.get(CACHE_DIR)
    return (Path(moved) if moved else user_cache_path("tickloom", appauthor=False)) / "kernels"


def entry_path(kernel: str, label: str, key: str) -> Path:
    """The file of ``kernel``'s entry with this variant label and key."""
    return cache_folder() / kernel / f"{label}-{key[:_KEY_DIGITS]}{SUFFIX}"


def cached(path: Path, key: str, source: str, build: Callable[[], Entry]) -> tuple[Entry, bool]:
    """The entry at ``path``, and whether it was there; ``build`` makes it otherwise.

    Of several processes that need one entry at once, one builds and the others wait for it. A
    broken file is replaced. A folder that cannot be written costs one warning a process, and the
    compiled code is used from memory.
    """
    entry = read_entry(path, key)
    if entry is not None:
        return entry, True
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"))
        lock.acquire()
    except OSError as error:
        warn_of_unwritable(error)
        return build(), False
    try:
        entry = read_entry(path, key)
        if entry is not None:
            return entry, True
        entry = build()
        _keep(path, entry, source)
        return entry, False
    finally:
        lock.release()


def _keep(path: Path, entry: Entry, source: str) -> None:
    try:
        write_whole(path.with_suffix(".py"), source.encode())
        write_entry(path, entry)
    except OSError as error:
        warn_of_unwritable(error)


def clear(kernel: str | None = None) -> int:
    """Delete the entries of ``kernel``, or of all; returns how many there were."""
    root = cache_folder()
    folder = root / kernel if kernel else root
    count = len(list(folder.rglob(f"*{SUFFIX}")))
    shutil.rmtree(folder, ignore_errors=not folder.exists())
    return count


def warn_of_unwritable(error: OSError) -> None:
    """Say once a process that nothing can be kept in the cache folder."""
    folder = cache_folder()
    if folder in _warned:
        return
    _warned.add(folder)
    warnings.warn(
        f"the kernel cache {folder} cannot be written ({error.strerror or error}); kernels are "
        f"compiled anew in each process. Make it writable, or set {CACHE_DIR} to a folder that is",
        CacheWarning,
        stacklevel=3,
    )
