"""``tickloom bench KERNEL STORE``: what a run over the store does, timed; users' mistakes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from tests.engine.run_stores import MONDAY, TUESDAY, build, uneven_frame

import tickloom
from tickloom import step_kernel
from tickloom.bench import measurement
from tickloom.bench.ticks import make_ticks
from tickloom.cli.main import cli


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = {MONDAY: uneven_frame(MONDAY, 61), TUESDAY: uneven_frame(TUESDAY, 62)}
    return build(tmp_path_factory.mktemp("bench") / "store", frames)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Few ticks for the parity check and few repeats; what each run over the store was given."""
    given: list[Any] = []

    def run(spec: Any, store: Path) -> Any:
        given.append((spec.name, store))
        return tickloom.run(spec, store)

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
    assert runs == [(kernel, store)] * 3, "one run that is not timed, and the repeats"


def test_people_are_told_what_was_measured(store: Path, runs: list[Any]) -> None:
    done = CliRunner().invoke(cli, ["bench", "buy-and-hold", str(store)], catch_exceptions=False)
    rows = tickloom.run("buy-and-hold", store).rows
    assert f"Over:        {store}: {rows:,} rows" in done.stdout
    assert re.search(
        r"Parity: +agrees with its author's code on [\d,]+ rows, 10 trades$", done.stdout, re.M
    )


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
    monkeypatch.setattr(measurement, "measure_kernel", lambda spec, store: timing)
    done = CliRunner().invoke(cli, ["bench", "buy-and-hold", str(store)], catch_exceptions=False)
    assert "rows without a trade, which shows little" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("ema-kross",), "'ema-kross'.*ema-cross"),
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
