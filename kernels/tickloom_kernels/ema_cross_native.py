"""EMA crossover as a native kernel: the same strategy in C.

``ema_cross.c`` lies beside this file and is compiled with the system's C compiler at its first use,
or by ``tickloom kernels build ema-cross-c``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tickloom import native_kernel
from tickloom_kernels.ema_cross import BOUNDS, UNITS, Params, prepare

KERNEL: Final = native_kernel(
    "ema-cross-c",
    summary="ema-cross as a native kernel, in C",
    columns=("price", "bp0", "sp0", "volume"),
    params=Params,
    prepare=prepare,
    source=Path(__file__).with_name("ema_cross.c"),
    symbol="ema_cross",
    units=UNITS,
    bounds=BOUNDS,
)
