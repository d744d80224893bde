"""Compiles the C source of a native kernel with the system's compiler, into the host's cache.

A library's key covers the preprocessed text, which is all that the compiler will see: the source,
every header that it includes from wherever, and the macros of flags and environment. That text is
what is compiled, too. Preprocessing the built-in kernel takes 7 ms, asking for the version 1 ms.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from tickloom.engine.cache.folder import LIBRARY_SUFFIX, entry_path, keep
from tickloom.engine.cache.key import entry_key
from tickloom.errors import PluginError
from tickloom.files import SYSTEM, file_sha256
from tickloom.specs.kernel import KernelSpec

HEADER: Final = Path(__file__).with_name("tickloom.h")
"""The header that C kernels include."""

FLAGS: Final = ("-O2", "-std=c11", "-ffp-contract=off", "-fPIC", "-Wall", "-Wextra")
"""No contraction into fused multiply-adds: the order of the arithmetic is part of the result."""

_PATIENCE: Final = 120
"""Seconds that a compiler may take."""


@dataclass(frozen=True, slots=True)
class Library:
    """A library as far as it is known without compiling."""

    path: Path
    """Where it lies once it is built; the name holds its key."""

    text: bytes
    """The preprocessed source."""


def header_text() -> str:
    """The text of ``tickloom.h``."""
    return HEADER.read_text(encoding="utf-8")


def library_of(spec: KernelSpec) -> Library:
    """The library that the C source of ``spec`` makes.

    Raises :class:`PluginError` with the compiler's words if the source cannot be preprocessed, and
    with what to install if there is no compiler.
    """
    compiler = _compiler()
    text = _run(spec, [*compiler, *FLAGS, "-E", f"-I{HEADER.parent}", str(spec.source)])
    parts = (hashlib.sha256(text).hexdigest(), *FLAGS, *_identity(compiler))
    return Library(entry_path(spec.name, "c", entry_key(spec, parts), LIBRARY_SUFFIX), text)


def build_library(
    spec: KernelSpec, announce: Callable[[str], None] | None = None
) -> tuple[Path, float]:
    """The library of the C source of ``spec`` and how long compiling took, seconds (0.0: it was
    there).

    Of several processes that need it at once, one compiles and the others wait. A damaged library
    is built anew. Where the cache cannot be written, there is one warning, and the library lasts
    as long as the process and its workers. Raises :class:`PluginError` like :func:`library_of`, or
    if the source does not compile.
    """
    library = library_of(spec)
    if is_whole(library.path):
        return library.path, 0.0

    def find_or_compile(place: Path) -> tuple[Path, float]:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.with_suffix(".lock")):
            if is_whole(place):
                return place, 0.0
            return place, _compile(spec, library.text, place, announce)

    return keep(library.path, find_or_compile)


def is_whole(library: Path) -> bool:
    """Is the library there, with the very bytes that the compiler wrote? To open another one can
    end the process."""
    try:
        return _sum_of(library).read_text("ascii") == file_sha256(library)
    except OSError:
        return False


def _sum_of(library: Path) -> Path:
    return library.with_suffix(".sha256")


def _compile(
    spec: KernelSpec, text: bytes, library: Path, announce: Callable[[str], None] | None
) -> float:
    name = Path(str(spec.source)).name
    if announce:
        announce(f"compiling {spec.name} ({name})")
    source = library.with_suffix(".i")
    source.write_bytes(text)
    started = time.perf_counter()
    with SYSTEM.replacing(library) as staged:
        _run(spec, [*_compiler(), *FLAGS, "-shared", "-o", str(staged), str(source), "-lm"])
        _sum_of(library).write_text(file_sha256(staged), "ascii")
    took = time.perf_counter() - started
    if announce:
        announce(f"compiled {spec.name} ({name}) in {took:.1f} s")
    return took


def _run(spec: KernelSpec, command: Sequence[str]) -> bytes:
    """What the compiler prints; raises :class:`PluginError` if it fails."""
    trouble = f"kernel {spec.name!r}: {spec.source} does not compile ({shlex.join(command)})"
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise PluginError(f"{trouble}: the compiler took more than {_PATIENCE} s") from error
    if done.returncode != 0:
        raise PluginError(f"{trouble}:\n{done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _compiler() -> list[str]:
    command = shlex.split(os.environ.get("CC", "cc"))
    if shutil.which(command[0]) is None:
        raise PluginError(
            f"a kernel in C needs a C compiler, and there is no {command[0]!r}; install one, or "
            "name it in the environment variable CC"
        )
    return command


def _identity(command: Sequence[str]) -> tuple[str, ...]:
    """The command, the program that it is, and the version that it names: an upgrade keeps the
    path, and a link may lead elsewhere tomorrow."""
    program = os.path.realpath(shutil.which(command[0]) or command[0])
    said = subprocess.run(
        [*command, "--version"], capture_output=True, timeout=_PATIENCE, check=False
    )
    return (*command, program, (said.stdout + said.stderr).decode(errors="replace"))
