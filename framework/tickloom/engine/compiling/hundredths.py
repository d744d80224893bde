"""Turns stored integers of hundredths into prices inside compiled loops.

The price is the float64 nearest to ``integer / 100``, the very one that the decimal reads as. A
division gives that, and sooner so do a multiplication and two fused operations (Markstein,
"Computation of elementary functions on the IBM RISC System/6000 processor", 1990)::

    q = x * 0.01
    r = fma(-q, 100, x)
    price = fma(r, 0.01, q)

Both agree on all integers: 0.01 is the float64 nearest to 1/100, off by 0.19 units of 2**-53, and
so ``q`` is less than one unit in the last place away from the quotient, which is all that
Markstein's theorem asks for. A test goes through every int32.
"""

from __future__ import annotations

from typing import Any, Final

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

_DOUBLE: Final = ir.DoubleType()


def has_fused() -> bool:
    """Whether the CPU that is compiled for multiplies and adds in one instruction; elsewhere LLVM
    would call a function of libm."""
    if llvm.get_process_triple().startswith(("aarch64", "arm64")):
        return True
    features = str(cpu_target.target_context.codegen()._customize_tm_features())
    return "+fma" in features.split(",")


@intrinsic  # type: ignore[untyped-decorator]
def hundredths(_typing: Any, stored: Any) -> Any:
    """``hundredths(stored)``: ``stored / 100.0``, bit for bit."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _quotient(builder, arguments[0])

    return types.float64(stored), generate


def hundredths_value(builder: Any, integer: Any, kind: Any, *, missing: bool) -> Any:
    """What :func:`hundredths` computes for ``integer``, an LLVM value of the Numba type ``kind``;
    ``missing``: with NaN for the lowest value of the type.

    A choice between two values, not a branch: so LLVM can move the arithmetic to where a step
    looks at the price, out of the rows in which it does not. The load stays. Moved as well, by
    LLVM's sinking pass, it came late wherever the CPU had guessed the way wrong: ema-cross did 266
    M rows/s instead of 283.
    """
    price = _quotient(builder, integer)
    if not missing:
        return price
    lowest = builder.icmp_signed("==", integer, integer.type(kind.minval))
    return builder.select(lowest, _DOUBLE(float("nan")), price)


def _quotient(builder: Any, integer: Any) -> Any:
    dividend = builder.sitofp(integer, _DOUBLE)
    if not has_fused():
        return builder.fdiv(dividend, _DOUBLE(100.0))
    rough = builder.fmul(dividend, _DOUBLE(0.01))
    remainder = builder.fma(builder.fneg(rough), _DOUBLE(100.0), dividend)
    return builder.fma(remainder, _DOUBLE(0.01), rough)
