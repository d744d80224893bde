"""Built-in strategy kernels."""

from __future__ import annotations

from typing import Final

from tickloom import KernelSpec

KERNELS: Final[tuple[KernelSpec, ...]] = ()
