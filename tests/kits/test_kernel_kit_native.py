"""The kernel kit catches faults that only C allows: it can remember, and write anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.programs import needs_cc

from tickloom import KernelSpec, native_kernel
from tickloom.testing import KernelTests

pytestmark = needs_cc

KIT = KernelTests()


class Params(NamedTuple):
    size: int = 1


def held(ticks: Sequence[Any], params: Params) -> tuple[float, int]:
    """Bought at the second tick, sold at the last."""
    return (ticks[-1].price - ticks[1].price, 1) if len(ticks) > 1 else (0.0, 0)


def in_c(folder: Path, before: str, wanted: str) -> KernelSpec:
    """A kernel that does ``before`` at each call, and wants ``wanted`` at each row ``i``."""
    source = folder / "planted.c"
    source.write_text(f"""
#include "tickloom.h"
static int64_t calls = 0;
TICKLOOM_EXPORT int32_t planted(int64_t n, const int64_t *offsets, const double *price,
                                const int64_t *size, int32_t *wanted) {{
    (void)price; (void)size;
    calls++;
    {before}
    for (int64_t i = offsets[0]; i < offsets[n]; i++) wanted[i] = (int32_t)({wanted});
    return TICKLOOM_OK;
}}
""")
    return native_kernel(
        "planted-c",
        columns=("price",),
        params=Params,
        source=source,
        symbol="planted",
        max_position=1_000_000,
    )


def test_a_wrong_result(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="trades of contract"):
        KIT.test_it_equals_its_reference(in_c(tmp_path, "", "i % 2"), held, [Params()])


def test_a_look_at_the_next_contract(tmp_path: Path) -> None:
    rises = "i + 1 < offsets[n] && price[i + 1] > price[i]"
    with pytest.raises(AssertionError, match="something of its neighbours reaches it"):
        KIT.test_a_contract_does_not_see_its_neighbours(in_c(tmp_path, "", rises))


def test_memory_from_call_to_call(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="profit of the first run and the second"):
        KIT.test_it_is_deterministic_and_leaves_its_input_alone(in_c(tmp_path, "", "calls"))


def test_changed_constants(tmp_path: Path) -> None:
    """They are packed once for many calls."""
    with pytest.raises(AssertionError, match="profit of the first run and the second"):
        KIT.test_it_is_deterministic_and_leaves_its_input_alone(
            in_c(tmp_path, "++*(int64_t *)size;", "*size")
        )


def test_changed_input(tmp_path: Path) -> None:
    """No compiler stops it; what it changes does not even change its result."""
    first = "if (offsets[n] > 0) ((double *)price)[0] = 2.5;"
    with pytest.raises(AssertionError, match="the kernel wrote into its input: price"):
        KIT.test_it_is_deterministic_and_leaves_its_input_alone(in_c(tmp_path, first, "0"))


def test_a_trade_log_of_other_trades(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="trades of a plain run and one with a trade log"):
        KIT.test_the_trade_log_adds_up(in_c(tmp_path, "", "calls % 2"))


def test_a_sweep_of_other_trades(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="profit of a run and a sweep"):
        KIT.test_a_sweep_gives_what_single_runs_give(in_c(tmp_path, "", "calls"), [Params()])
