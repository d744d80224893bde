"""Clock fields: time of day, time to expiry, strike and right, for every kind of kernel."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from tickloom import KernelSpec, array_kernel, native_kernel, step_kernel
from tickloom.engine.loading.kernel import ContractFacts, Variant, load_kernel

NS = 1_000_000_000
DAY = 86_400 * NS
CLOCK = ("time_of_day", "time_to_expiry", "strike", "is_call")


class Params(NamedTuple):
    opening: int = 33_300 * NS
    within: int = 2 * DAY


def init(tick: Any, constants: Params) -> int:
    return 0


def step(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    late = tick.time_of_day >= constants.opening and tick.time_to_expiry <= constants.within
    return state, 1 if late and tick.strike > 100.0 and tick.is_call == 1 else 0


def loop(offsets: Any, columns: Any, constants: Params, wanted: Any) -> None:
    for row in range(len(wanted)):
        late = (
            columns.time_of_day[row] >= constants.opening
            and columns.time_to_expiry[row] <= constants.within
        )
        wanted[row] = late and columns.strike[row] > 100.0 and columns.is_call[row] == 1


SOURCE = """
#include "tickloom.h"
typedef struct { int64_t opening, within; } constants_t;
TICKLOOM_EXPORT int32_t late(int64_t n, const int64_t *offsets, const double *price,
                             const int64_t *time_of_day, const int64_t *time_to_expiry,
                             const double *strike, const int64_t *is_call,
                             const constants_t *k, int32_t *wanted) {
    (void)price;
    for (int64_t i = offsets[0]; i < offsets[n]; i++)
        wanted[i] = time_of_day[i] >= k->opening && time_to_expiry[i] <= k->within &&
                    strike[i] > 100.0 && is_call[i] == 1;
    return TICKLOOM_OK;
}
"""


def kernels(folder: Path) -> list[KernelSpec]:
    common: dict[str, Any] = {"columns": ("price",), "params": Params, "clock": CLOCK}
    found = [
        step_kernel("late", init=init, step=step, **common),
        array_kernel("late-array", loop=loop, **common),
    ]
    if shutil.which("cc"):
        source = folder / "late.c"
        source.write_text(SOURCE)
        found.append(native_kernel("late-c", source=source, symbol="late", **common))
    return found


@pytest.mark.parametrize("logged", [False, True])
def test_every_kind_of_kernel_sees_the_clock(tmp_path: Path, logged: bool) -> None:
    # Four contracts of four ticks, one second around 9:15 on day 20,000; rows 5 and 6 lack a price.
    base = 20_000 * DAY + 33_299 * NS
    stamps = np.tile(base + np.arange(4) * NS, 4)
    prices = np.tile([10.0, 11.0, 12.0, 14.0], 4)
    prices[[5, 6]] = np.nan
    facts = ContractFacts(
        expiry_day=np.array([20_001, 20_001, 20_001, 20_002]),
        strike=np.array([200.0, 200.0, 50.0, 200.0]),
        is_call=np.array([1, 1, 1, 1]),
    )
    offsets = np.arange(0, 17, 4)
    for spec in kernels(tmp_path):
        kernel = load_kernel(spec, Variant(logged=logged))
        assert kernel.required_columns == ("price", "timestamp_ns")
        results = kernel(Params(), offsets, [prices, stamps], facts=facts)
        # From 9:15 on: bought at 11, sold at 14. The second contract has only its last tick left.
        assert results.pnl.tolist() == [3.0, 0.0, 0.0, 0.0], spec.name
        assert results.trades.tolist() == [1, 1, 0, 0], spec.name
        assert results.skipped.tolist() == [0, 2, 0, 0], spec.name
        if results.log is not None:
            assert results.log["entry_row"].tolist() == [1, 7], spec.name
            assert results.log["exit_row"].tolist() == [3, 7], spec.name


def test_facts_are_asked_for(tmp_path: Path) -> None:
    kernel = load_kernel(kernels(tmp_path)[0])
    assert kernel.needs_facts
    with pytest.raises(ValueError, match="the kernel has clock fields; hand over facts"):
        kernel(Params(), np.array([0, 1]), [np.ones(1), np.zeros(1, np.int64)])


@pytest.mark.parametrize(
    ("offsets", "columns", "message"),
    [
        ([0, 3], [np.ones(2)], "has 2 rows, the contracts need 3"),
        ([0, 2], [np.ones(2, np.float32)], "must be a contiguous float64 array; found float32"),
        ([0, 2], [np.ones((4, 2))[:, 0]], "must be a contiguous float64 array"),
        ([0, 2, 1], [np.ones(2)], "never decrease"),
        ([0, 2], [], "columns must be price; found 0 arrays"),
    ],
)
def test_a_wrong_slice_is_an_error_not_a_crash(
    offsets: list[int], columns: list[Any], message: str
) -> None:
    spec = step_kernel("plain", columns=("price",), params=Params, init=init, step=_never)
    with pytest.raises(ValueError, match=message):
        load_kernel(spec)(Params(), np.array(offsets), columns)


def _never(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, 0
