"""Compiles the C source of a native kernel with the system's compiler, into the host's cache."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from filelock import FileLock

from tickloom.engine.cache.folder import cache_folder, warn_of_unwritable
from tickloom.errors import PluginError

HEADER: Final = Path(__file__).with_name("tickloom.h")
"""The header that C kernels include."""

FLAGS: Final = ("-O2", "-std=c11", "-ffp-contract=off", "-fPIC", "-shared", "-Wall", "-Wextra")
"""No contraction into fused multiply-adds: the order of the arithmetic is part of the result."""

_SUFFIX: Final = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
_PATIENCE: Final = 120
"""Seconds that a compiler may take."""


def header_text() -> str:
    """The text of ``tickloom.h``."""
    return HEADER.read_text(encoding="utf-8")


def library_of(kernel: str, source: Path) -> Path:
    """Where the library of ``source`` lies once it is built; its name holds a digest of source,
    headers (``tickloom.h`` and those beside the source), flags, compiler and machine.

    Raises :class:`PluginError` if the source cannot be read.
    """
    try:
        text = [path.read_bytes() for path in (source, *sorted(source.parent.rglob("*.h")))]
    except OSError as error:
        raise PluginError(
            f"kernel {kernel!r}: its source {source} cannot be read: {error.strerror}"
        ) from error
    parts = (*text, HEADER.read_bytes(), " ".join((*_compiler(), *FLAGS)).encode())
    digest = hashlib.sha256(platform.machine().encode())
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return cache_folder() / kernel / f"c-{digest.hexdigest()[:20]}{_SUFFIX}"


def build_library(
    kernel: str, source: Path, announce: Callable[[str], None] | None = None
) -> tuple[Path, float]:
    """The library of ``source`` and how long compiling took, seconds (0.0: it was there).

    A damaged library is built anew. One that cannot be kept costs a warning, and lasts as long as
    the process. Raises :class:`PluginError` with the compiler's words if it does not compile, and
    with what to install if there is no compiler.
    """
    library = library_of(kernel, source)
    if _is_whole(library):
        return library, 0.0
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(library.parent / "build.lock"):
            if _is_whole(library):
                return library, 0.0
            return library, _compile(kernel, source, library, announce)
    except OSError as error:
        warn_of_unwritable(error)
    library = Path(_spare_folder().name) / library.name
    if _is_whole(library):
        return library, 0.0
    return library, _compile(kernel, source, library, announce)


@cache
def _spare_folder() -> tempfile.TemporaryDirectory[str]:
    """For libraries that cannot be kept; it is deleted when the process ends."""
    return tempfile.TemporaryDirectory(prefix="tickloom-")


def _is_whole(library: Path) -> bool:
    """Is the library there, with the very bytes that the compiler wrote? To open another one can
    end the process."""
    try:
        return (
            _sum_of(library).read_text("ascii") == hashlib.sha256(library.read_bytes()).hexdigest()
        )
    except OSError:
        return False


def _sum_of(library: Path) -> Path:
    return library.with_suffix(".sha256")


def _compile(
    kernel: str, source: Path, library: Path, announce: Callable[[str], None] | None
) -> float:
    if announce:
        announce(f"compiling {kernel} ({source.name})")
    staged = library.with_name(f".{os.getpid()}-{library.name}")
    command = [*_compiler(), *FLAGS, f"-I{HEADER.parent}", "-o", str(staged), str(source), "-lm"]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if done.returncode != 0:
        raise PluginError(
            f"kernel {kernel!r}: {source} does not compile ({shlex.join(command)}):\n"
            f"{done.stderr.strip()}"
        )
    _sum_of(library).write_text(hashlib.sha256(staged.read_bytes()).hexdigest(), "ascii")
    staged.replace(library)
    took = time.perf_counter() - started
    if announce:
        announce(f"compiled {kernel} ({source.name}) in {took:.1f} s")
    return took


def _compiler() -> list[str]:
    command = shlex.split(os.environ.get("CC", "cc"))
    if shutil.which(command[0]) is None:
        raise PluginError(
            f"a kernel in C needs a C compiler, and there is no {command[0]!r}; install one, or "
            "name it in the environment variable CC"
        )
    return command
