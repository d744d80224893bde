"""``tickloom bench`` and the asv base class: parity first, then figures that fit together."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from click.testing import CliRunner

from tickloom import array_kernel, step_kernel
from tickloom.bench import measurement
from tickloom.bench.measurement import empty_cache, measure_kernel
from tickloom.bench.parity import check_parity
from tickloom.bench.ticks import Ticks, make_ticks
from tickloom.cli.main import cli
from tickloom.engine.loading.kernel import load_kernel
from tickloom.errors import PluginError
from tickloom.host import get_host
from tickloom.specs.kernel import KernelSpec
from tickloom.testing import KernelBenchmarks

BUILT_IN = [offer.spec.name for offer in get_host().kernels]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few ticks and repeats: the figures are not what is tested."""
    monkeypatch.setattr(
        measurement, "make_ticks", lambda columns: make_ticks(columns, rows=5_000, contracts=10)
    )
    monkeypatch.setattr(measurement, "REPEATS", 2)


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_kernels_pass_the_parity_check(name: str) -> None:
    compiled = load_kernel(get_host().kernels.get(name))
    ticks = make_ticks(compiled.required_columns, rows=20_000, contracts=30)
    checked = check_parity(compiled, ticks, compiled.spec.params())
    assert 2_000 < checked.rows <= 25 * 400
    assert checked.trades > 0


class _Params(NamedTuple):
    up: float = 0.0


class _State(NamedTuple):
    last: float


def _init(tick: Any, constants: Any) -> Any:
    return _State(tick.price)


def _follow(state: Any, tick: Any, position: int, constants: Any) -> Any:
    return _State(tick.price), 1 if tick.price > state.last else -1


def _fade(state: Any, tick: Any, position: int, constants: Any) -> Any:
    return _State(tick.price), -1 if tick.price > state.last else 1


def _step_spec(step: Any) -> KernelSpec:
    return step_kernel("follow", columns=("price",), params=_Params, init=_init, step=step)


def test_a_kernel_that_computes_something_else_is_not_timed() -> None:
    compiled = load_kernel(_step_spec(_follow))
    ticks = make_ticks(("price",), rows=2_000, contracts=5)
    assert check_parity(compiled, ticks, _Params()).trades > 0
    compiled.spec = _step_spec(_fade)
    with pytest.raises(PluginError, match=r"fails the parity check at contract 0.*nothing was"):
        check_parity(compiled, ticks, _Params())


def test_array_kernels_are_checked_against_their_own_loop() -> None:
    def loop(offsets: Any, columns: Any, constants: Any, wanted: Any) -> None:
        for row in range(offsets[0] + 1, offsets[-1]):
            wanted[row] = 1

    def nothing(offsets: Any, columns: Any, constants: Any, wanted: Any) -> None:
        pass

    spec = array_kernel("always-long", columns=("price",), params=_Params, loop=loop)
    compiled = load_kernel(spec)
    ticks = make_ticks(("price",), rows=2_000, contracts=5)
    check_parity(compiled, ticks, _Params())
    compiled.spec = replace(spec, loop=nothing)
    with pytest.raises(PluginError, match="fails the parity check"):
        check_parity(compiled, ticks, _Params())


def test_ticks_are_seeded_whole_contracts_of_the_columns_asked_for() -> None:
    names = ("bp0", "sp0", "bp4", "volume", "timestamp_ns", "oi", "high")
    ticks, again, other = (make_ticks(names, rows=20_000, contracts=50, seed=s) for s in (1, 1, 2))
    assert set(ticks.columns) == {"price", *names}
    assert len(ticks.offsets) == 51
    assert (np.diff(ticks.offsets) >= 2).all()
    assert abs(ticks.rows - 20_000) < 10_000
    for name, column in ticks.columns.items():
        assert len(column) == ticks.rows
        assert column.tobytes() == again.columns[name].tobytes()
    assert ticks.columns["price"].tobytes() != other.columns["price"].tobytes()
    price = ticks.columns["price"]
    assert ((price >= 100) & (price <= 900)).all()
    assert (price == np.round(price * 20) / 20).all()
    assert (ticks.columns["bp0"] <= price).all()
    assert (ticks.columns["sp0"] > ticks.columns["bp0"]).all()
    inside = np.ones(ticks.rows, bool)
    inside[ticks.offsets[:-1]] = False
    for name in ("volume", "timestamp_ns"):
        steps = np.diff(ticks.columns[name], prepend=0)[inside]
        assert (steps >= 0).all() or name == "timestamp_ns"


def test_first_ticks_keep_their_contracts() -> None:
    ticks = make_ticks(("price",), rows=2_000, contracts=20)
    few: Ticks = ticks.first(3, 4)
    assert (
        few.offsets.tolist() == np.cumsum([0, *np.minimum(np.diff(ticks.offsets)[:3], 4)]).tolist()
    )
    for number in range(3):
        start, length = int(ticks.offsets[number]), int(np.diff(few.offsets)[number])
        own = few.columns["price"][few.offsets[number] : few.offsets[number + 1]]
        assert own.tolist() == ticks.columns["price"][start : start + length].tolist()


def test_a_measurement_fits_together(small: None) -> None:
    timing = measure_kernel(get_host().kernels.get("buy-and-hold"))
    assert timing.source == "synthetic"
    assert timing.contracts == 10
    assert timing.rows_per_s >= timing.rows_per_s_median > 0
    assert timing.calibrated == pytest.approx(timing.rows_per_s / timing.calibration_rows_per_s)
    assert timing.compile_s > 0
    assert timing.peak_rss_mb > 0


def test_parity_comes_before_anything_is_timed(
    small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[str] = []

    def fails(*arguments: object) -> int:
        raise PluginError("fails the parity check")

    monkeypatch.setattr(measurement, "check_parity", fails)
    for name in ("empty_cache", "run_ticks", "run", "calibration_rate"):
        monkeypatch.setattr(measurement, name, lambda *given, name=name: timed.append(name))
    with pytest.raises(PluginError, match="fails the parity check"):
        measure_kernel(get_host().kernels.get("ema-cross"))
    assert timed == []


def test_bench_prints_one_json_object(small: None) -> None:
    done = CliRunner().invoke(cli, ["bench", "buy-and-hold", "--json"])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert printed["kernel"] == "buy-and-hold"
    assert set(printed) == set(measurement.KernelTiming.__dataclass_fields__)


def test_bench_prints_for_people(small: None) -> None:
    done = CliRunner().invoke(cli, ["bench", "buy-and-hold"])
    assert done.exit_code == 0, done.output
    for line in ("Kernel:", "Parity:", "Throughput:", "Calibrated:", "Compile:", "Peak memory:"):
        assert line in done.stdout


def test_an_empty_cache_is_empty_and_goes_away() -> None:
    before = os.environ.get("TICKLOOM_CACHE_DIR")
    with empty_cache():
        folder = Path(os.environ["TICKLOOM_CACHE_DIR"])
        assert not list(folder.iterdir())
        assert load_kernel(get_host().kernels.get("buy-and-hold")).compile_seconds > 0
    assert not folder.exists()
    assert os.environ.get("TICKLOOM_CACHE_DIR") == before


class EmaCross(KernelBenchmarks):
    """A plugin's whole asv benchmark."""

    kernel = "ema-cross"


class BookImbalance(KernelBenchmarks):
    """Another one, beside it: it takes other columns."""

    kernel = "book-imbalance"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Few ticks and repeats; the columns for which ticks were made."""
    module = "tickloom.testing.kernel_benchmarks"
    asked: list[tuple[str, ...]] = []

    def few(columns: tuple[str, ...]) -> Ticks:
        asked.append(columns)
        return make_ticks(columns, rows=5_000, contracts=10)

    monkeypatch.setattr(f"{module}.make_ticks", few)
    monkeypatch.setattr(f"{module}.REPEATS", 2)
    return asked


def test_asv_base_class_measures_a_registered_kernel(
    made: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    suite = EmaCross()
    folder = suite.setup_cache()
    suite.setup(folder)
    suite.time_run(folder)
    suite.time_calibration(folder)
    suite.peakmem_run(folder)
    assert suite.track_calibrated_cost(folder) > 0
    assert suite.track_compile(folder) > 0
    assert len(made) == 1


def test_kernels_that_share_a_cache_have_ticks_of_their_own(
    made: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asv tells setup_cache functions apart by module and line: those of subclasses are one."""
    assert EmaCross.setup_cache is BookImbalance.setup_cache
    monkeypatch.chdir(tmp_path)
    folder = EmaCross().setup_cache()
    monkeypatch.chdir("/")
    for _ in range(2):
        BookImbalance().setup(folder)
    assert [columns[1] for columns in made] == ["bp0", "bq0"]


def test_times_of_the_base_class_are_cpu_times(
    made: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that computes meanwhile must not look like a slower kernel."""
    assert EmaCross.timer is time.process_time
    monkeypatch.chdir(tmp_path)
    suite = EmaCross()
    folder = suite.setup_cache()
    suite.setup(folder)

    def no_wall_clock() -> float:
        raise AssertionError("a wall clock was read")

    clocks: list[Any] = []

    def rate(clock: Any) -> float:
        clocks.append(clock)
        return 1.0

    monkeypatch.setattr(time, "perf_counter", no_wall_clock)
    monkeypatch.setattr("tickloom.testing.kernel_benchmarks.calibration_rate", rate)
    assert suite.track_calibrated_cost(folder) > 0
    assert clocks == [time.process_time] * 2


def test_saved_ticks_come_back_bit_by_bit(tmp_path: Path) -> None:
    ticks = make_ticks(("bp0", "volume"), rows=2_000, contracts=5)
    ticks.save(tmp_path / "ticks.npz")
    again = Ticks.load(tmp_path / "ticks.npz")
    assert list(again.columns) == ["price", "bp0", "volume"]
    pairs = [(ticks.offsets, again.offsets)]
    pairs += [(values, again.columns[name]) for name, values in ticks.columns.items()]
    pairs += [
        (getattr(ticks.facts, name), getattr(again.facts, name))
        for name in ("expiry_day", "strike", "is_call")
    ]
    for before, after in pairs:
        assert before.dtype == after.dtype
        assert before.tobytes() == after.tobytes()


def test_asv_takes_the_base_class_for_no_benchmark_and_knows_the_units() -> None:
    assert inspect.isabstract(KernelBenchmarks)
    assert not inspect.isabstract(EmaCross)
    assert EmaCross.track_calibrated_cost.unit == "calibration rows per row"  # type: ignore[attr-defined]
    assert EmaCross.track_compile.unit == "seconds"  # type: ignore[attr-defined]


def test_asv_base_class_needs_no_pytest() -> None:
    code = (
        "import sys; from tickloom.testing import KernelBenchmarks; "
        "print(sorted({'pytest', 'hypothesis'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
