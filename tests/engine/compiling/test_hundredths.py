"""Stored hundredths become the very float64 that dividing by 100 gives."""

from __future__ import annotations

import math
import sys
from typing import Any

import numba
import numpy as np
import pytest
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from tickloom.engine.compiling import hundredths as subject
from tickloom.engine.compiling.hundredths import has_fused, hundredths, hundredths_value

INT32 = np.iinfo(np.int32)
INT64 = np.iinfo(np.int64)


@numba.njit(error_model="numpy")
def differing(first: int, behind: int) -> int:
    """How many of these int32 get another float64 than by division."""
    found = 0
    for number in range(first, behind):
        stored = np.int32(number)
        found += hundredths(stored) != stored / 100.0
    return found


def test_every_int32_is_the_quotient() -> None:
    # A difference in the zero's sign alone would pass as equal.
    assert math.copysign(1.0, _compiled(hundredths)(np.int32(0))) == 1.0
    assert differing(INT32.min, INT32.max + 1) == 0


@intrinsic  # type: ignore[untyped-decorator]
def hundredths_or_nan(_typing: Any, stored: Any) -> Any:
    """A column's value as loops read it."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return hundredths_value(builder, arguments[0], stored, missing=True)

    return types.float64(stored), generate


@pytest.mark.parametrize("width", [np.int16, np.int32])
def test_the_lowest_value_is_nan(width: type[np.signedinteger]) -> None:
    price = _compiled(hundredths_or_nan)
    limits = np.iinfo(width)
    assert math.isnan(price(width(limits.min)))
    for number in (limits.min + 1, -1, 0, 7, 1005, limits.max):
        assert price(width(number)) == number / 100.0


def test_wider_integers_are_the_quotient_too() -> None:
    price = _compiled(hundredths)
    numbers = [INT64.min, -(2**53) - 1, 2**53 + 1, 3 * 2**40 + 7, INT64.max]
    numbers += np.random.default_rng(7).integers(INT64.min, INT64.max, 2000).tolist()
    for number in numbers:
        assert price(np.int64(number)) == float(number) / 100.0


@pytest.mark.skipif(not has_fused(), reason="this CPU does not multiply and add at once")
def test_a_cpu_that_multiplies_and_adds_at_once_does() -> None:
    assert "llvm.fma" in _intermediate(hundredths)


def test_other_cpus_divide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "has_fused", lambda: False)
    code = _intermediate(hundredths)
    assert "fdiv" in code
    assert "llvm.fma" not in code


@pytest.mark.skipif(
    numba.config.CPU_FEATURES is not None or sys.platform == "darwin",
    reason="the features are chosen by hand, or always there",
)
@pytest.mark.parametrize(("features", "fused"), [("+avx2,+fma", True), ("+avx2,+fma4", False)])
def test_the_features_that_are_compiled_for_decide(
    monkeypatch: pytest.MonkeyPatch, features: str, fused: bool
) -> None:
    codegen = type(cpu_target.target_context.codegen())
    monkeypatch.setattr(subject.llvm, "get_process_triple", lambda: "x86_64-unknown-linux-gnu")
    monkeypatch.setattr(codegen, "_customize_tm_features", lambda self: features)
    assert has_fused() is fused


def _compiled(function: Any) -> Any:
    return numba.njit(error_model="numpy")(lambda stored: function(stored))


def _intermediate(function: Any) -> str:
    """LLVM's text for one int32."""
    compiled = _compiled(function)
    compiled.compile((numba.types.int32,))
    return str(compiled.inspect_llvm(compiled.signatures[0]))
