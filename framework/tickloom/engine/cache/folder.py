"""Where compiled kernels lie: one folder a kernel, one entry a variant and key."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from filelock import FileLock

from tickloom.engine.cache.entry import SUFFIX, Entry, read_entry, write_entry
from tickloom.errors import CacheWarning, TickloomError
from tickloom.user_cache import CACHE_DIR, user_cache

LIBRARY_SUFFIX: Final = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
"""Of shared libraries, which native kernels are compiled to."""

REMEDY: Final = f"Make it writable, or set {CACHE_DIR} to a folder that is"
"""What to do about a cache that cannot be written, the end of a message."""

_KEY_DIGITS: Final = 20

_moving = threading.Lock()
_told: set[Path] = set()

T = TypeVar("T")


def cache_folder() -> Path:
    """The folder of compiled kernels."""
    return user_cache() / "kernels"


def entry_path(kernel: str, label: str, key: str, suffix: str = SUFFIX) -> Path:
    """The file of ``kernel``'s entry with this variant label and key."""
    return cache_folder() / kernel / f"{label}-{key[:_KEY_DIGITS]}{suffix}"


def cached(path: Path, key: str, build: Callable[[], Entry]) -> tuple[Entry, bool]:
    """The entry at ``path``, and whether it was there; ``build`` makes it otherwise.

    Of several processes that need one entry at once, one builds and the others wait for it. A
    broken file is replaced. Where the folder cannot be written, :func:`keep` says what happens.
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
                write_entry(place, found)
            return found

    try:
        entry = keep(path, find_or_build)
    except OSError:  # not even a temporary folder takes it: a full disk
        built[:] = built or [build()]
        entry = built[0]
    return entry, not built


def keep(path: Path, make: Callable[[Path], T]) -> T:
    """``make(path)``, which may write ``path`` and its neighbours.

    Where that raises OSError, a warning, one for each cache, and ``make`` of a path in a temporary
    folder. From then on that is the cache of this process and of those that it starts, so that they
    neither compile nor warn again; it ends with this process. ``make`` may raise there again.
    """
    try:
        return make(path)
    except OSError as error:
        return make(_temporary(path, error))


def _temporary(path: Path, error: OSError) -> Path:
    """The place of ``path``, which cannot be written, in a temporary folder."""
    place = Path(path.parent.name, path.name)
    with _moving:
        if cache_folder() / place == path:  # no other thread has moved it yet
            _tell(path.parent.parent, error)
            folder = tempfile.mkdtemp(prefix="tickloom-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            os.environ[CACHE_DIR] = folder
    return cache_folder() / place


def _tell(folder: Path, error: OSError) -> None:
    if folder in _told:
        return
    _told.add(folder)
    warnings.warn(
        f"{_unwritable(folder, error)}; what is compiled now is lost when this process ends, and "
        f"compiled anew in the next one. {REMEDY}",
        CacheWarning,
        stacklevel=5,
    )


def _unwritable(folder: Path, error: OSError) -> str:
    """What is wrong with a cache ``folder``, as the beginning of a message; one file in it may be
    somebody else's."""
    reason = ": ".join(str(part) for part in (error.strerror, error.filename) if part)
    return f"the kernel cache {folder} cannot be written ({reason or error})"


def require_writable(kernel: str) -> None:
    """Raise :class:`TickloomError` if nothing of ``kernel`` can be kept in the cache."""
    root = cache_folder()
    try:
        (root / kernel).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root / kernel):
            pass
    except OSError as error:
        raise TickloomError(
            f"{_unwritable(root, error)}: nothing that is built could be kept. {REMEDY}"
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
        raise TickloomError(f"{_unwritable(root, error)}: it is not cleared. {REMEDY}") from error
    return count
