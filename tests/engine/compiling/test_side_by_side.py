"""Contracts that run side by side: each gives what it gives alone; errors name the right one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.engine.scripted import SIZED
from tests.engine.scripted import Params as ScriptedParams
from tests.engine.tick_slices import in_pieces, random_slice
from tests.oracles.ema_cross import ema_cross

from tickloom import step_kernel
from tickloom.engine.loading.kernel import ContractFacts, Variant, load_kernel
from tickloom.engine.loops.entry import DECODED_ROWS
from tickloom.engine.loops.shape import runs_side_by_side
from tickloom.errors import PluginError
from tickloom_kernels.ema_cross import KERNEL, Params

NAMES = ("price", "bp0", "sp0", "volume")
HOT = Variant(dtypes=("int32",) * 4)

LENGTHS: tuple[tuple[int, ...], ...] = (
    (),
    (0,),
    (1,),
    (90,),
    (1, 1),
    (0, 90),
    (90, 0),
    (90, 7),
    (7, 90),
    (40, 90, 60),
    (90, 1, 1, 1, 30),
    (1, 30, 0, 90, 2, 2),
    (2 * DECODED_ROWS + 1, DECODED_ROWS, 5, 40, DECODED_ROWS + 1),
)


FACTS = ContractFacts(
    expiry_day=np.zeros(3, np.int64),
    strike=np.array([1.0, 2.0, 3.0]),
    is_call=np.ones(3, np.int64),
)


class Nothing(NamedTuple):
    """No parameters."""


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("variant", [Variant(), HOT], ids=["plain", "hot"])
def test_each_contract_gives_what_the_plain_account_says(
    variant: Variant, lengths: tuple[int, ...]
) -> None:
    ticks = random_slice(21, lengths, gaps=0.1)
    for name in ("price", "bp0", "sp0"):
        ticks.columns[name] = np.round(ticks.columns[name], 2)
    ticks.hide_ends()
    kernel = load_kernel(KERNEL, variant)
    assert runs_side_by_side(kernel.required_columns, variant)
    columns = ticks.arrays(NAMES)
    if variant.dtypes:
        columns = [*map(hundredths, columns[:3]), columns[3].astype(np.int32)]
    params = Params(max_spread=0.01)
    expected = [ema_cross(ticks.rows(c, NAMES), 5, 21, 0.01, 1) for c in range(len(lengths))]
    for cuts in ([], [1], *(ticks.cuts() if sum(lengths) < 200 else ())):
        inside = [cut for cut in cuts if 0 < cut < sum(lengths)]
        pieces = in_pieces(columns, inside) if inside else columns
        found = kernel(params, ticks.offsets, pieces)
        rows = zip(found.pnl, found.trades, found.skipped, strict=True)
        assert [tuple(x.item() for x in row) for row in rows] == expected
    assert sum(lengths) < 90 or sum(trades for _, trades, _ in expected) > 0


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({0: 5}, (0, 5)),
        ({1: 3}, (1, 3)),
        ({2: 8}, (2, 8)),
        ({3: 60}, (3, 60)),
        ({0: 30, 1: 2}, (0, 30)),
        ({0: 2, 1: 2}, (0, 2)),
        ({1: 39, 2: 1, 3: 1}, (1, 39)),
    ],
    ids=str,
)
def test_a_position_out_of_bounds_is_told_of_the_first_contract(
    wrong: dict[int, int], named: tuple[int, int]
) -> None:
    kernel = load_kernel(SIZED)
    assert runs_side_by_side(kernel.required_columns, Variant())
    offsets = np.array([0, 40, 80, 90, 190])
    wanted = np.ones(190, np.int64)
    for contract, row in wrong.items():
        wanted[offsets[contract] + row] = 7 + contract
    columns = [np.full(190, 10.0), wanted, np.zeros(190, np.int64)]
    contract, row = named
    told = f"position of {7 + contract} at row {offsets[contract] + row} of contract {contract} "
    with pytest.raises(PluginError, match=told):
        kernel(ScriptedParams(), offsets, columns)


@pytest.mark.parametrize("wrong", range(3))
def test_an_exception_is_told_of_its_contract(wrong: int) -> None:
    kernel = load_kernel(raising())
    volume = np.ones(90, np.int64)
    volume[[5, 45, 75][wrong]] = 13 * (wrong + 1)
    with pytest.raises(PluginError, match=f"raised an exception in contract {wrong} of"):
        kernel(Nothing(), np.array([0, 40, 70, 90]), [np.full(90, 10.0), volume], facts=FACTS)


def test_clock_fields_are_those_of_each_contract() -> None:
    kernel = load_kernel(raising())
    price = np.arange(1.0, 91.0)
    offsets = np.array([0, 40, 70, 90])
    found = kernel(Nothing(), offsets, [price, np.ones(90, np.int64)], facts=FACTS)
    # Long from the first tick whose price is above ten times the strike, but for the first tick.
    assert found.pnl.tolist() == [40.0 - 11.0, 70.0 - 42.0, 90.0 - 72.0]


def test_many_columns_run_one_by_one() -> None:
    names = ("price", *(f"bq{level}" for level in range(5)), *(f"sq{level}" for level in range(2)))
    assert not runs_side_by_side(names, Variant())
    assert not runs_side_by_side(("price",), Variant(costs=True))


def raising() -> Any:
    def init(tick: Any, constants: Nothing) -> int:
        return 0

    def step(state: int, tick: Any, position: int, constants: Nothing) -> tuple[int, int]:
        if tick.volume == 13 * tick.strike:
            raise ValueError
        return state, 1 if tick.price > 10.0 * tick.strike else 0

    return step_kernel(
        "raising",
        columns=("price", "volume"),
        clock=("strike",),
        params=Nothing,
        init=init,
        step=step,
    )


def hundredths(values: np.ndarray) -> np.ndarray:
    lowest = np.iinfo(np.int32).min
    return np.where(np.isnan(values), lowest, np.rint(np.nan_to_num(values) * 100)).astype(np.int32)
