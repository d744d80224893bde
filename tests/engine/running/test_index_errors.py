"""Indices beyond an array are errors that name file, line, contract and row, in every run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from tests.engine.run_stores import MONDAY, TUESDAY, build, uneven_frame

import tickloom
from tickloom import Feature, KernelSpec, array_kernel, step_kernel
from tickloom.cli.main import cli
from tickloom.errors import PluginError

TABLE = np.arange(7.0)
HERE = Path(__file__)


class Params(NamedTuple):
    limit: int = 54


def init(tick: Any, constants: Params) -> int:
    return 0


def looks_up(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, int(TABLE[int(tick.price) % constants.limit] >= 0)  # step


def helper(price: float, limit: int) -> float:
    return float(TABLE[int(price) % limit])  # helper


def asks_a_helper(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    return state, 1 if helper(tick.price, constants.limit) >= 0 else 0


def update(value: float, tick: Any, constants: Any) -> float:
    return value + TABLE[int(tick.price) % constants.limit]  # feature


def by_feature(tick: Any, position: int, constants: Params) -> int:
    return 1 if tick.total >= 0 else 0


def loops(offsets: Any, columns: Any, constants: Params, wanted: Any) -> None:
    for row in range(len(wanted)):
        wanted[row] = TABLE[int(columns.price[row]) % constants.limit] >= 0  # loop


def writes_beyond(offsets: Any, columns: Any, constants: Params, wanted: Any) -> None:
    for row in range(len(wanted)):
        wanted[row + 1] = 1  # write


def reads_beyond(offsets: Any, columns: Any, constants: Params, wanted: Any) -> None:
    for row in range(len(wanted)):
        wanted[row] = columns.price[row + 1] > 0.0  # read


def step(function: Any) -> KernelSpec:
    return step_kernel("looking", columns=("price",), params=Params, init=init, step=function)


def array(function: Any) -> KernelSpec:
    return array_kernel("looking", columns=("price",), params=Params, loop=function)


KERNELS = {
    "step": step(looks_up),
    "helper": step(asks_a_helper),
    "feature": step_kernel(
        "looking",
        columns=("price",),
        params=Params,
        features={"total": Feature(init=lambda t, c: 0.0, update=update, params=("limit",))},
        step=by_feature,
    ),
    "loop": array(loops),
    "write": array(writes_beyond),
    "read": array(reads_beyond),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = {MONDAY: uneven_frame(MONDAY, 5), TUESDAY: uneven_frame(TUESDAY, 6)}
    return build(tmp_path_factory.mktemp("indices") / "store", frames)


def line(mark: str) -> int:
    """The line of this file that ends in the comment ``mark``."""
    lines = HERE.read_text().splitlines()
    return 1 + next(n for n, text in enumerate(lines) if text.endswith(f"  # {mark}"))


WAYS: list[dict[str, Any]] = [{"checked": True}, {"log": True}, {"costs": "fee=1"}]
CASES = [(place, {}) for place in KERNELS] + [(p, how) for p in ("helper", "loop") for how in WAYS]


@pytest.mark.parametrize(("place", "how"), CASES)
def test_a_run_tells_file_line_and_contract(store: Path, place: str, how: dict[str, Any]) -> None:
    with pytest.raises(PluginError) as caught:
        tickloom.run(KERNELS[place], store, **how)
    told = str(caught.value)
    assert f"at {HERE}, line {line(place)}" in told
    assert "IndexError: index " in told
    day, _, rest = told.split(" in ")[1].partition("/BANKNIFTY ")
    assert rest.startswith("2025-")
    if place in ("step", "helper", "feature"):
        row = int(told.split(", row ")[1].split(":")[0])
        price = pl.read_parquet(next(store.glob(f"{day}/*/*.parquet")))["price"][row]
        assert int(price) % 54 >= len(TABLE)


def test_a_sweep_tells_the_set_too(store: Path) -> None:
    for place in ("helper", "feature"):
        with pytest.raises(PluginError, match=rf"line {line(place)} \(with limit=50\)"):
            tickloom.sweep(KERNELS[place], store, grid={"limit": [1, 7, 50, 53]})


def test_what_stays_within_its_array_is_the_same_as_ever(store: Path) -> None:
    found = {
        place: tickloom.run(KERNELS[place], store, params={"limit": 7}).pnl
        for place in ("step", "helper", "feature", "loop")
    }
    assert len(set(found.values())) == 1
    assert tickloom.run(KERNELS["step"], store, params={"limit": 7}, checked=True).pnl in set(
        found.values()
    )


def test_checked_is_an_option_of_run(store: Path) -> None:
    plain, checked = (
        CliRunner().invoke(cli, ["run", "buy-and-hold", str(store), *more])
        for more in ([], ["--checked"])
    )
    pnl = [text for text in plain.stdout.splitlines() if text.startswith("Total PnL")]
    assert pnl
    assert checked.exit_code == 0
    assert pnl[0] in checked.stdout
