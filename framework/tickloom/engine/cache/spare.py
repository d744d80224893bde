"""Where compiled kernels go while the cache cannot be written: a folder that ends with the process.

Its worker processes find it by an environment variable, so that they neither compile nor warn
again.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from tickloom.errors import CacheWarning

CACHE_DIR: Final = "TICKLOOM_CACHE_DIR"
"""Environment variable that moves the cache."""

_SPARE: Final = "TICKLOOM_SPARE_CACHE"
"""Environment variable by which workers are told the spare folder; not for users."""

_warned: set[Path] = set()

T = TypeVar("T")


def keep(path: Path, make: Callable[[Path], T]) -> T:
    """``make(path)``, which may write ``path`` and its neighbours; if it raises OSError there, a
    warning and ``make`` of a path in the spare folder, where it may raise again."""
    try:
        return make(path)
    except OSError as error:
        folder = _inherited()
        if folder is None:
            _warn(path.parent.parent, error)
            folder = _own()
        return make(folder / path.parent.name / path.name)


def unwritable(folder: Path, error: OSError) -> str:
    """What is wrong with a cache ``folder``, as the beginning of a message; one file in it may be
    somebody else's."""
    reason = ": ".join(str(part) for part in (error.strerror, error.filename) if part)
    return f"the kernel cache {folder} cannot be written ({reason or error})"


REMEDY: Final = f"Make it writable, or set {CACHE_DIR} to a folder that is"
"""What to do about it, the end of a message."""


def _warn(folder: Path, error: OSError) -> None:
    if folder in _warned:
        return
    _warned.add(folder)
    warnings.warn(
        f"{unwritable(folder, error)}; what is compiled now is lost when this process ends, and "
        f"compiled anew in the next one. {REMEDY}",
        CacheWarning,
        stacklevel=4,
    )


def _inherited() -> Path | None:
    """The folder of the process whose worker this is, which has told its user already."""
    if multiprocessing.parent_process() is None:
        return None
    folder = os.environ.get(_SPARE)
    return Path(folder) if folder and Path(folder).is_dir() else None


@cache
def _own() -> Path:
    folder = tempfile.mkdtemp(prefix="tickloom-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[_SPARE] = folder
    return Path(folder)
