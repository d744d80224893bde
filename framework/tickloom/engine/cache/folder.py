"""Where compiled kernels lie: one folder a kernel, one entry a variant and key.

Each entry has the generated source beside it, for reading and for tracebacks.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from filelock import FileLock
from platformdirs import user_cache_path

from tickloom.engine.cache.entry import SUFFIX, Entry, read_entry, write_entry
from tickloom.engine.cache.spare import CACHE_DIR, REMEDY, keep, unwritable
from tickloom.errors import TickloomError
from tickloom.files import SYSTEM

LIBRARY_SUFFIX: Final = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
"""Of shared libraries, which native kernels are compiled to."""

_KEY_DIGITS: Final = 20


def cache_folder() -> Path:
    """The folder of compiled kernels."""
    moved = os.environ.get(CACHE_DIR)
    return (Path(moved) if moved else user_cache_path("tickloom", appauthor=False)) / "kernels"


def entry_path(kernel: str, label: str, key: str, suffix: str = SUFFIX) -> Path:
    """The file of ``kernel``'s entry with this variant label and key."""
    return cache_folder() / kernel / f"{label}-{key[:_KEY_DIGITS]}{suffix}"


def cached(path: Path, key: str, source: str, build: Callable[[], Entry]) -> tuple[Entry, bool]:
    """The entry at ``path``, and whether it was there; ``build`` makes it otherwise.

    Of several processes that need one entry at once, one builds and the others wait for it. A
    broken file is replaced. Where the folder cannot be written, there is one warning, and the
    entry lasts as long as the process and its workers.
    """
    entry = read_entry(path, key)
    if entry is not None:
        return entry, True
    built: list[Entry] = []

    def find_or_build(place: Path) -> Entry:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.with_suffix(".lock")):
            found = read_entry(place, key)
            if found is None:
                built[:] = built or [build()]
                found = built[0]
                if source:
                    with SYSTEM.replacing(place.with_suffix(".py")) as fresh:
                        fresh.write_text(source, "utf-8")
                write_entry(place, found)
            return found

    try:
        entry = keep(path, find_or_build)
    except OSError:  # not even the spare folder takes it: a full disk
        built[:] = built or [build()]
        entry = built[0]
    return entry, not built


def require_writable(kernel: str) -> None:
    """Raise :class:`TickloomError` if nothing of ``kernel`` can be kept in the cache."""
    root = cache_folder()
    try:
        (root / kernel).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root / kernel):
            pass
    except OSError as error:
        raise TickloomError(
            f"{unwritable(root, error)}: nothing that is built could be kept. {REMEDY}"
        ) from error


def clear(kernel: str | None = None) -> int:
    """Delete the compiled code of ``kernel``, or of all, with everything that lies beside it;
    returns how many loops and libraries there were."""
    root = cache_folder()
    folder = root / kernel if kernel else root
    if not folder.exists():
        return 0
    count = sum(path.suffix in (SUFFIX, LIBRARY_SUFFIX) for path in folder.rglob("*"))
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise TickloomError(f"{unwritable(root, error)}: it is not cleared. {REMEDY}") from error
    return count
