"""Columns that only some stores have reach kernels with the type that they are stored in."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from click.testing import CliRunner
from tests.engine.run_stores import MONDAY, TUESDAY, build, build_foreign, uneven_frame

import tickloom
from tickloom import Column, KernelSpec, array_kernel, step_kernel
from tickloom.cli.main import cli
from tickloom.engine.columns.stored import of_store
from tickloom.engine.kernels.columns import column_kind
from tickloom.errors import UsageError
from tickloom.testing import KernelTests

LARGE = 2**53 + 1


class Params(NamedTuple):
    beyond: float = 20.0


def init(tick: Any, constants: Params) -> int:
    return 0


def follow(state: int, tick: Any, position: int, constants: Params) -> tuple[int, int]:
    odd = tick.sequence % 2 == 1
    return state, 1 if tick.spot > constants.beyond and odd else 0


def loop(offsets: Any, columns: Any, constants: Params, wanted: Any) -> None:
    for row in range(len(wanted)):
        odd = columns.sequence[row] % 2 == 1
        wanted[row] = columns.spot[row] > constants.beyond and odd


NAMES = ("price", "spot", "sequence")
STEP = step_kernel("spotted", columns=NAMES, params=Params, init=init, step=follow)
ARRAY = array_kernel("spotted-array", columns=NAMES, params=Params, loop=loop)


@pytest.fixture(scope="module")
def frames() -> dict[Any, pl.DataFrame]:
    found = {}
    for key, seed in ((MONDAY, 71), (TUESDAY, 72)):
        frame = uneven_frame(key, seed)
        rows = pl.int_range(frame.height)
        found[key] = frame.with_columns(
            note=pl.lit("text"), sequence=LARGE + rows, spot=(rows * 7 % 40).cast(pl.Float64)
        )
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, frames: dict[Any, pl.DataFrame]) -> Path:
    path = build_foreign(tmp_path_factory.mktemp("extra") / "store", frames)
    done = CliRunner().invoke(cli, ["adopt", str(path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return path


def expected(frames: dict[Any, pl.DataFrame], beyond: float) -> tuple[float, int]:
    """Profit and trades by a plain loop."""
    pnl, trades = 0.0, 0
    for frame in frames.values():
        for _, contract in frame.group_by("expiry", "opt_type", "strike", maintain_order=True):
            held, before = 0, None
            rows = contract.select(NAMES).drop_nulls("price").rows()
            for price, spot, sequence in rows:
                if before is not None:
                    pnl += held * (price - before)
                    wanted = int(spot > beyond and sequence % 2 == 1)
                    trades += wanted > held
                    held = wanted
                before = price
    return pnl, trades


@pytest.mark.parametrize("hot", [False, True])
@pytest.mark.parametrize("spec", [STEP, ARRAY], ids=["step", "array"])
def test_values_are_those_of_the_store(
    store: Path, frames: dict[Any, pl.DataFrame], spec: KernelSpec, hot: bool
) -> None:
    found = tickloom.run(spec, store, hot=hot)
    pnl, trades = expected(frames, 20.0)
    assert found.trades == trades > 0
    assert found.pnl == pytest.approx(pnl)
    swept = tickloom.sweep(spec, store, grid={"beyond": [5.0, 20.0]}, hot=hot)
    for beyond, trades in swept.table.select("beyond", "trades").rows():
        assert trades == expected(frames, beyond)[1]


def test_a_store_without_a_manifest_says_its_types_too(
    tmp_path: Path, frames: dict[Any, pl.DataFrame]
) -> None:
    found = tickloom.run(STEP, build_foreign(tmp_path / "foreign", frames))
    assert found.trades == expected(frames, 20.0)[1]


def test_a_column_is_unknown_only_if_the_store_lacks_it(tmp_path: Path) -> None:
    plain = build(tmp_path / "plain", {MONDAY: uneven_frame(MONDAY, 73)})
    with pytest.raises(UsageError, match=r"unknown column 'spot'; .*plain has: .*price"):
        tickloom.run(STEP, plain)


def test_a_declared_type_is_the_stored_one(store: Path) -> None:
    def spec(kind: Any) -> KernelSpec:
        columns = ("price", Column("spot", "float64", ""), Column("sequence", kind, ""))
        return step_kernel("typed", columns=columns, params=Params, init=init, step=follow)

    opened = tickloom.open_store(store)
    assert [repr(name) for name in of_store(spec("int64"), opened).columns[1:]] == [
        "'spot':float64",
        "'sequence':int64",
    ]
    with pytest.raises(UsageError, match="'sequence' is declared as float64, the store has it as"):
        tickloom.run(spec("float64"), store)


@pytest.mark.parametrize("name", ["spot price", "class", "_spot", 3])
def test_what_cannot_be_a_field_is_refused(name: Any) -> None:
    with pytest.raises(UsageError, match="kernel 'odd': a column is a tick field"):
        step_kernel("odd", columns=("price", name), params=Params, init=init, step=follow)


def test_worker_processes_get_their_kind(store: Path) -> None:
    spec = of_store(STEP, tickloom.open_store(store))
    there = pickle.loads(pickle.dumps(spec))
    assert [column_kind(name) for name in there.columns] == ["float64", "float64", "int64"]
    assert there == spec


def test_text_is_refused(store: Path) -> None:
    spec = step_kernel(
        "text", columns=("price", "note"), params=Params, init=init, step=lambda s, t, p, c: (s, 0)
    )
    with pytest.raises(UsageError, match="column 'note' is text"):
        tickloom.run(spec, store)


def test_the_kit_draws_them() -> None:
    spec = step_kernel(
        "kit",
        columns=("price", "spot"),
        params=Params,
        init=init,
        step=lambda s, t, p, c: (s, 1 if t.spot > t.price - 1.0 else 0),
    )
    KernelTests().test_a_contract_does_not_see_its_neighbours(spec)
