"""What a cache entry depends on; a change in any of it makes another entry."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import llvmlite
import llvmlite.binding as llvm

from tickloom.specs.kernel import KernelSpec
from tickloom.version import __version__

FORMAT: Final = "4"
"""Raised when the layout of entries changes."""

_COMPILING: Final = Path(__file__).parents[1] / "compiling"
"""The host's way of compiling: what its modules say is part of every key."""

_NUMBA_SETTINGS: Final = (
    "NUMBA_CPU_FEATURES",
    "NUMBA_CPU_NAME",
    "NUMBA_DISABLE_INTEL_SVML",
    "NUMBA_ENABLE_AVX",
    "NUMBA_LLVM_PASS_TIMINGS",
    "NUMBA_LOOP_VECTORIZE",
    "NUMBA_OPT",
    "NUMBA_SLP_VECTORIZE",
)
"""Environment variables that change the code that Numba makes."""


def entry_key(spec: KernelSpec | None, parts: Iterable[str]) -> str:
    """The hexadecimal key of an entry: ``parts`` (closure, types, flags) together with the
    versions of tickloom, the kernel's plugin, Numba and LLVM, and the CPU. ``spec`` is None for
    the host's own loops."""
    digest = hashlib.sha256()
    owner = (*plugin_of(spec), spec.name, spec.version) if spec else ()
    for part in (*_surroundings(), *owner, *parts):
        data = part.encode()
        digest.update(b"%d:" % len(data) + data)
    return digest.hexdigest()


def plugin_of(spec: KernelSpec) -> tuple[str, str]:
    """Distribution and version of the plugin that offers ``spec``; empty if none does."""
    from tickloom.host import get_host

    for offer in get_host().kernels:
        if offer.spec == spec:
            return offer.plugin.distribution, offer.plugin.version
    return "", ""


def _surroundings() -> tuple[str, ...]:
    settings = [f"{name}={os.environ.get(name, '')}" for name in _NUMBA_SETTINGS]
    return (FORMAT, __version__, _way_of_compiling(), *_machine(), *settings)


@cache
def _way_of_compiling() -> str:
    digest = hashlib.sha256()
    for path in sorted(_COMPILING.glob("*.py")):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@cache
def _machine() -> tuple[str, ...]:
    return (
        version("numba"),
        llvmlite.__version__,
        version("numpy"),
        f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}",
        platform.system(),
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    )
