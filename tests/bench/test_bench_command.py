"""``tickloom bench KERNEL STORE``: what a run over the store does, timed; users' mistakes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from tests.engine.run_stores import MONDAY, TUESDAY, build, uneven_frame

import tickloom
from tickloom import KernelSpec, step_kernel
from tickloom.bench import measurement
from tickloom.bench.parity import check_parity
from tickloom.bench.store_ticks import ROWS, store_ticks
from tickloom.bench.ticks import make_ticks
from tickloom.cli.main import cli
from tickloom.engine.loading.kernel import load_kernel
from tickloom.errors import PluginError


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = {MONDAY: uneven_frame(MONDAY, 61), TUESDAY: uneven_frame(TUESDAY, 62)}
    return build(tmp_path_factory.mktemp("bench") / "store", frames)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Few ticks for the parity check and few repeats; what each run over the store was given."""
    given: list[Any] = []

    def run(spec: Any, store: Path, params: Any) -> Any:
        given.append((spec.name, store, params))
        return tickloom.run(spec, store, params=params)

    monkeypatch.setattr(measurement, "run", run)
    monkeypatch.setattr(
        measurement, "make_ticks", lambda columns: make_ticks(columns, rows=5_000, contracts=10)
    )
    monkeypatch.setattr(measurement, "REPEATS", 2)
    return given


@pytest.mark.parametrize("kernel", ["ema-cross", "ema-cross-c"])
def test_a_store_is_measured_as_run_reads_it(store: Path, runs: list[Any], kernel: str) -> None:
    done = CliRunner().invoke(cli, ["bench", kernel, str(store), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    wanted = tickloom.run(kernel, store)
    assert printed["source"] == str(store)
    for name in ("rows", "contracts", "trades"):
        assert printed[name] == getattr(wanted, name) > 0, name
    assert printed["parity_rows"] > 0
    assert printed["calibrated"] == pytest.approx(
        printed["rows_per_s"] / printed["calibration_rows_per_s"]
    )
    assert printed["rows_per_s"] >= printed["rows_per_s_median"] > 0
    assert printed["compile_s"] > 0
    assert runs == [(kernel, store, {})] * 3, "one run that is not timed, and the repeats"


def test_people_are_told_what_was_measured(store: Path, runs: list[Any]) -> None:
    done = CliRunner().invoke(cli, ["bench", "buy-and-hold", str(store)], catch_exceptions=False)
    rows = tickloom.run("buy-and-hold", store).rows
    assert f"Over:        {store}: {rows:,} rows" in done.stdout
    assert re.search(
        r"Parity: +agrees with its author's code on [\d,]+ rows, 10 trades$", done.stdout, re.M
    )


def test_parameters_reach_the_parity_check_and_the_runs(store: Path, runs: list[Any]) -> None:
    given = {"size": "-3"}
    command = ["bench", "buy-and-hold", str(store), "--param", "size=-3", "--json"]
    done = CliRunner().invoke(cli, command, catch_exceptions=False)
    printed = json.loads(done.stdout)
    assert printed["params"] == {"size": -3}
    assert runs == [("buy-and-hold", store, given)] * 3
    assert printed["trades"] == tickloom.run("buy-and-hold", store, params=given).trades


def test_parity_is_checked_on_the_stores_own_ticks(store: Path) -> None:
    ticks = store_ticks(tickloom.open_store(store), ("price", "volume"))
    rows = tickloom.run("buy-and-hold", store).table
    longest = rows.sort("rows", descending=True).group_by("date").head(5)
    assert sorted(np.diff(ticks.offsets).tolist()) == sorted(longest["rows"].to_list())
    assert sorted(ticks.facts.strike.tolist()) == sorted(longest["strike"].to_list())
    frames = [pl.read_parquet(file) for file in sorted(store.glob("*/*/*.parquet"))]
    stored = pl.concat(frames)["price"].fill_null(float("nan")).to_list()
    first = ticks.columns["price"][: ticks.offsets[1]].tolist()
    assert any(
        np.array_equal(stored[at : at + len(first)], first, equal_nan=True)
        for at in range(len(stored))
    )


def _buys_above(state: int, tick: Any, position: int, constants: Any) -> tuple[int, int]:
    return state, 1 if tick.price > 54.0 else 0


def _buys_at_all(state: int, tick: Any, position: int, constants: Any) -> tuple[int, int]:
    return state, 1 if tick.price < 99.0 else 0


def test_a_kernel_that_errs_on_the_stores_ticks_alone_is_found(store: Path) -> None:
    def spec(step: Any) -> KernelSpec:
        return step_kernel(
            "level", columns=("price",), params=_Params, init=lambda tick, k: 0, step=step
        )

    ticks = store_ticks(tickloom.open_store(store), ("price",))
    compiled = load_kernel(spec(_buys_above))
    assert check_parity(compiled, ticks, _Params(), contracts=99, rows=ROWS).trades > 0
    compiled.spec = spec(_buys_at_all)
    with pytest.raises(PluginError, match="fails the parity check"):
        check_parity(compiled, ticks, _Params(), contracts=99, rows=ROWS)


class _Params(NamedTuple):
    """None."""

    bound: int = 1


def _rest(state: int, tick: Any, position: int, constants: Any) -> tuple[int, int]:
    return state, 0


def test_agreeing_that_there_is_nothing_to_do_is_not_passed_over_in_silence(
    store: Path, runs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = step_kernel(
        "resting",
        columns=("price",),
        params=_Params,
        init=lambda tick, constants: 0,
        step=_rest,
    )
    timing = measurement.measure_kernel(spec, store)
    assert (timing.parity_rows > 0, timing.parity_trades) == (True, 0)
    monkeypatch.setattr(measurement, "measure_kernel", lambda *_: timing)
    done = CliRunner().invoke(cli, ["bench", "buy-and-hold", str(store)], catch_exceptions=False)
    assert "rows without a trade, which shows little" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("ema-kross",), "'ema-kross'.*ema-cross"),
        (("ema-cross", "--param", "fats=3"), "no parameter 'fats'; parameters: fast=5"),
        (("ema-cross", "no-such-store"), "there is no store at no-such-store: it does not exist"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    command = [sys.executable, "-m", "tickloom", "bench", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()  # and nothing was compiled before
    assert re.search(why, line)
