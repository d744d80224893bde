"""EMA crossover as an array kernel: the same strategy with a loop of its own.

For what a step cannot say: looking ahead within a contract to place a stop, several passes, arrays
as scratch. Where a step will do, write a step: the host then fuses it with its accounting.
"""

from __future__ import annotations

from typing import Any, Final

from tickloom import array_kernel
from tickloom_kernels.ema_cross import BOUNDS, UNITS, Constants, Params, is_tight, prepare


def loop(offsets: Any, columns: Any, constants: Constants, wanted: Any) -> None:
    """Write the position to hold after each row; every contract starts flat."""
    for contract in range(len(offsets) - 1):
        first, end = offsets[contract], offsets[contract + 1]
        if first == end:
            continue
        fast = slow = columns.price[first]
        position = 0
        for row in range(first + 1, end):
            price = columns.price[row]
            if constants.by_difference:
                fast += constants.fast * (price - fast)
                slow += constants.slow * (price - slow)
            else:
                fast = price * constants.fast + fast * constants.fast_decay
                slow = price * constants.slow + slow * constants.slow_decay
            if position == 0:
                if (
                    fast > slow
                    and is_tight(columns.bp0[row], columns.sp0[row], constants.max_spread)
                    and columns.volume[row] >= constants.min_volume
                ):
                    position = 1
            elif slow >= fast:
                position = 0
            wanted[row] = position


KERNEL: Final = array_kernel(
    "ema-cross-array",
    summary="ema-cross as an array kernel",
    columns=("price", "bp0", "sp0", "volume"),
    params=Params,
    prepare=prepare,
    loop=loop,
    units=UNITS,
    bounds=BOUNDS,
)
