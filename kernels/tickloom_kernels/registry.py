"""Built-in strategy kernels."""

from __future__ import annotations

from typing import Final

from tickloom import KernelSpec
from tickloom_kernels import ema_cross

KERNELS: Final[tuple[KernelSpec, ...]] = (ema_cross.KERNEL,)
