"""What the built-in kernels register."""

from __future__ import annotations

from collections.abc import Iterable

from tickloom import KernelSpec, hookimpl

TICKLOOM_API_VERSION = 1


@hookimpl
def tickloom_register_kernels() -> Iterable[KernelSpec]:
    """Built-in strategy kernels."""
    from tickloom_kernels.registry import KERNELS

    return KERNELS
