"""The interpreter runs the very loops that compiled code runs: equal to the last bit, and where
compiled code would go on silently, it raises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.engine import scripted
from tests.engine.orders.test_fills import FILLS, TERMS, scripted_slice
from tests.engine.tick_slices import TickSlice, in_pieces, random_slice

from tickloom import KernelSpec, step_kernel
from tickloom.engine.kernels.variant import Variant
from tickloom.engine.loading.build import build_kernel
from tickloom.engine.loading.interpreted import interpreted_loop
from tickloom.engine.loading.kernel import CompiledKernel, interpreted_kernel, load_kernel
from tickloom.engine.loading.results import ContractResults
from tickloom.engine.loops.access import as_it_is
from tickloom.engine.loops.entry import RUN_ARGUMENTS
from tickloom.engine.loops.interpreted import Tables, interpreted_access
from tickloom.engine.loops.plain import make_plain
from tickloom.engine.loops.shape import LoopShape
from tickloom.engine.orders import FillModel
from tickloom.errors import PluginError, UsageError
from tickloom_kernels.ema_cross import KERNEL as EMA_CROSS
from tickloom_kernels.ema_cross import Params as EmaParams

HOT = Variant(dtypes=("int32",) * 4)


def same(one: ContractResults, other: ContractResults) -> None:
    for name in ("pnl", "trades", "skipped", "costs", "unfilled", "partial", "log"):
        found, expected = getattr(one, name), getattr(other, name)
        assert (found is None) == (expected is None)
        if found is not None:
            assert found.tobytes() == expected.tobytes(), name


@pytest.mark.parametrize("fill", FILLS, ids=str)
@scripted.each_kernel
def test_every_fill_is_the_compiled_one(kernel: KernelSpec, fill: FillModel) -> None:
    variant = Variant.of(fill, costs=True, logged=True)
    interpreted, compiled = interpreted_kernel(kernel, variant), load_kernel(kernel, variant)
    ticks = scripted_slice(23, kernel.max_position)
    columns = ticks.arrays(compiled.required_columns)
    for cut in ([], [60, 61, 300]):
        given = in_pieces(columns, cut) if cut else columns
        found, expected = (
            each(scripted.Params(), ticks.offsets, given, fill=fill, costs=TERMS)
            for each in (interpreted, compiled)
        )
        same(found, expected)
        assert expected.trades.sum() > 10


@pytest.mark.parametrize("pairs", [False, True], ids=["alone", "pairs"])
@pytest.mark.parametrize("variant", [Variant(), HOT], ids=["plain", "hot"])
def test_plain_runs_are_the_compiled_ones(variant: Variant, pairs: bool) -> None:
    ticks = random_slice(7, (300, 0, 1, 190, 260), gaps=0.1)
    columns = ticks.arrays(("price", "bp0", "sp0", "volume"))
    if variant.dtypes:
        columns = [*map(hundredths, columns[:3]), columns[3].astype(np.int32)]
    compiled = load_kernel(EMA_CROSS, variant)
    loop = interpreted_loop(compiled.kernel, pairs=pairs)
    interpreted = CompiledKernel(compiled.kernel, loop, 0.0)
    params = EmaParams(max_spread=0.01)
    for given in (columns, in_pieces(columns, [5, 299, 300, 400])):
        expected = compiled(params, ticks.offsets, given)
        same(interpreted(params, ticks.offsets, given), expected)
    assert expected.trades.sum() > 2


def test_a_plain_loop_looks_at_nothing_that_it_was_not_asked_for() -> None:
    shape = LoopShape(
        columns=("price", "qty", "oi"),
        dtypes=("float64", "int64", "int64"),
        tick=("price", "qty", "oi"),
        constants=(int,),
        one=True,
        variant=Variant(),
    )
    access = interpreted_access(shape, scripted.Params)
    loop = make_plain(
        jit=as_it_is,
        init=scripted.init,
        step=scripted.step,
        widen=as_it_is,
        access=access,
        one=True,
        pairs=False,
    )
    chunks = [(np.array([5.0, 6.0, 8.0]),), (np.array([0, 1, 1]),), (np.zeros(3, np.int64),)]
    used: dict[str, Any] = {
        "contracts": 1,
        "offsets": [0, 3],
        "constants_f": [0.0],
        "constants_i": [3],
        "fill_values": [0, 0, 1],
        "outcomes": [0.0, 0.0],
        "counts": [0] * 4,
        "place": [0] * 5,
        "edges": [0, 3],
        "decoded": 0,
        "tables": Tables([0, 3], chunks),
        "pieces": 1,
    }
    assert loop(*(used.get(name) for name in RUN_ARGUMENTS)) == 0
    assert used["outcomes"] == [2.0, 0.0]
    assert used["counts"] == [1, 0, 0, 0]


class Nothing(NamedTuple):
    """No parameters."""


def dividing() -> KernelSpec:
    def init(tick: Any, constants: Nothing) -> int:
        return 0

    def step(state: int, tick: Any, position: int, constants: Nothing) -> tuple[int, int]:
        ratio = tick.price / tick.volume
        return state, 1 if ratio > 2.0 else 0

    return step_kernel(
        "dividing", columns=("price", "volume"), params=Nothing, init=init, step=step
    )


def test_what_an_author_divides_by_zero_is_told_with_the_line() -> None:
    spec = dividing()
    line = spec.step.__code__.co_firstlineno + 1  # type: ignore[union-attr]
    columns = [np.array([3.0, 3.0, 4.0]), np.array([1, 1, 0])]
    told = rf"ZeroDivisionError.*{Path(__file__).name}, line {line}, in contract 0"
    with pytest.raises(PluginError, match=told) as raised:
        interpreted_kernel(spec)(Nothing(), np.array([0, 3]), columns)
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("mode", ["touch", "depth"])
def test_a_book_that_holds_nothing_divides_by_nothing(mode: Any) -> None:
    fill = FillModel(mode=mode)
    variant = Variant.of(fill, costs=True, logged=True)
    ticks = empty_book()
    columns = ticks.arrays(load_kernel(scripted.ONE, variant).required_columns)
    found, expected = (
        each(scripted.Params(), ticks.offsets, columns, fill=fill, costs=TERMS)
        for each in (interpreted_kernel(scripted.ONE, variant), load_kernel(scripted.ONE, variant))
    )
    same(found, expected)
    assert found.unfilled.sum() > 20


def empty_book() -> TickSlice:
    """A third of the ticks quote nothing, a third a crossed book, a third no size."""
    ticks = scripted_slice(5, 1)
    rows = np.arange(int(ticks.offsets[-1]))
    for name, column in ticks.columns.items():
        if name[:2] in ("bp", "sp"):
            column[rows % 3 == 0] = np.nan
        if name[:2] in ("bq", "sq"):
            column[rows % 3 == 2] = 0
    ticks.columns["bp0"][rows % 3 == 1] = 1e6
    return ticks


def test_a_position_out_of_bounds_is_told_as_by_compiled_code() -> None:
    told = "wanted a position of 7 at row 2 of contract 0"
    columns = [np.full(5, 10.0), np.array([0, 1, 7, 1, 1]), np.zeros(5, np.int64)]
    with pytest.raises(PluginError, match=told):
        interpreted_kernel(scripted.SIZED)(scripted.Params(), np.array([0, 5]), columns)


def test_nothing_is_built_while_kernels_are_interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    with pytest.raises(UsageError, match="interpreted while NUMBA_DISABLE_JIT is set"):
        build_kernel(scripted.ONE)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "0")
    assert load_kernel(scripted.ONE).spec is scripted.ONE


def test_a_run_with_numba_disabled_is_interpreted_and_compiles_nothing(tmp_path: Path) -> None:
    program = (
        "import sys, numpy as np\n"
        "from tickloom.engine.loading.kernel import load_kernel\n"
        "from tests.engine import scripted\n"
        "kernel = load_kernel(scripted.ONE)\n"
        "columns = [np.array([5.0, 6.0, 8.0]), np.array([0, 1, 1]), np.zeros(3, np.int64)]\n"
        "found = kernel(scripted.Params(), np.array([0, 3]), columns)\n"
        "print(found.pnl.tolist(), kernel.compile_seconds, 'numba' in sys.modules)\n"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "TICKLOOM_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.split() == ["[2.0]", "0.0", "False"]
    assert not list(tmp_path.rglob("*.tlk"))


def hundredths(values: Any) -> Any:
    lowest = np.iinfo(np.int32).min
    return np.where(np.isnan(values), lowest, np.rint(np.nan_to_num(values) * 100)).astype(np.int32)
