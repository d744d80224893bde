"""Built-in strategy kernels."""

from __future__ import annotations

from typing import Final

from tickloom import KernelSpec
from tickloom_kernels import (
    book_imbalance,
    buy_and_hold,
    ema_cross,
    ema_cross_array,
    ema_cross_features,
    ema_cross_native,
    ema_cross_short,
    mean_reversion,
)

KERNELS: Final[tuple[KernelSpec, ...]] = (
    buy_and_hold.KERNEL,
    ema_cross.KERNEL,
    ema_cross_array.KERNEL,
    ema_cross_features.KERNEL,
    ema_cross_native.KERNEL,
    ema_cross_short.KERNEL,
    mean_reversion.KERNEL,
    book_imbalance.KERNEL,
)
