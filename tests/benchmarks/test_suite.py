"""The suite is what asv and the comparison need: found, light to import, big enough to time."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import json5
import pyarrow.parquet as pq
import pytest

import tickloom
from benchmarks import calibration, kernel_data, kernels, pack, sizes
from benchmarks.compare.rounds import read_removed, with_calibrations
from tickloom.engine.kernels.columns import column_kind
from tickloom.host import get_host
from tickloom.packing.merging.merge import from_source

TOPICS = ("calendar", "compile", "host", "kernels", "pack", "scan", "store")

DISCOVER = """
import json, sys
from asv_runner.discovery import disc_benchmarks
found = {b.name: {"type": b.type, "params": b.params} for b in disc_benchmarks(sys.argv[1])}
heavy = sorted(set(sys.modules) & {"tickloom", "json5", "asv", "pytest"})
print(json.dumps({"found": found, "heavy": heavy}))
"""


@pytest.fixture(scope="module")
def discovered(project: Path) -> dict[str, Any]:
    """What asv finds, in a fresh interpreter as asv starts it."""
    done = subprocess.run(
        [sys.executable, "-c", DISCOVER, "benchmarks"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_asv_finds_every_topic_with_its_calibration(discovered: dict[str, Any]) -> None:
    found = discovered["found"]
    assert {name.partition(".")[0] for name in found} == set(TOPICS)
    for topic in TOPICS:
        assert f"{topic}.Calibration.time_calibration" in found
        assert any(name.startswith(f"{topic}.") and "Calibration" not in name for name in found)


def test_asv_finds_no_benchmark_in_yardsticks_and_tools(
    discovered: dict[str, Any],
) -> None:
    assert not [n for n in discovered["found"] if n.startswith(("documented.", "compare."))]


def test_the_suite_imports_nothing_that_a_commit_might_lack(
    discovered: dict[str, Any],
) -> None:
    """HEAD's suite runs on BASE too: a missing name there fails one benchmark, not the import."""
    assert discovered["heavy"] == []


def test_configuration_measures_fresh_processes_of_one_thread(project: Path) -> None:
    config = json5.loads((project / "asv.conf.json").read_text("utf-8"))
    assert config["benchmark_dir"] == "benchmarks"
    assert config["launch_method"] == "spawn"
    assert set(config["matrix"]["env_nobuild"]) == {
        "POLARS_MAX_THREADS",
        "OMP_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    }


def test_removed_benchmarks_are_read_without_comments(tmp_path: Path, project: Path) -> None:
    file = tmp_path / "removed.txt"
    file.write_text("# why\n\nkernels.Run.time_run  # split\npack.Whole.time_pack('a', 1)\n")
    assert read_removed(file) == {"kernels.Run.time_run", "pack.Whole.time_pack('a', 1)"}
    assert read_removed(project / "benchmarks" / "removed.txt") == frozenset()


def test_calibrated_cost_is_relative_to_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Best of each: 3 s for 1,000 rows of work against 2 s for all rows of the loop."""
    clock = iter([4.0, 9.0, 2.0, 3.0, 5.0, 6.0])
    monkeypatch.setattr(calibration, "seconds", lambda work: next(clock))
    cost = calibration.calibrated_cost(lambda: None, rows=1_000, repeats=3)
    assert cost == pytest.approx((3.0 / 1_000) / (2.0 / (calibration.ROWS * calibration.PASSES)))


def test_every_built_in_kernel_is_measured_in_every_variant(discovered: dict[str, Any]) -> None:
    built_in = sorted(
        offer.spec.name for offer in get_host().kernels if offer.plugin.distribution == "tickloom"
    )
    for benchmark, wanted in (
        ("kernels.Run.time_run", ["plain", "logged", "f64", "hot"]),
        ("kernels.Sweep.time_sweep", ["plain", "hot"]),
    ):
        names, variants = discovered["found"][benchmark]["params"]
        assert sorted(names) == [repr(name) for name in built_in]
        assert variants == [repr(variant) for variant in wanted]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[str]]]:
    """The rows of the kernel benchmarks, few of them; the columns of each kernel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("rows"))
        patch.setattr(sizes, "scaled", lambda count: count // 200)
        yield kernels.setup_cache()


@pytest.mark.parametrize("kernel", kernels.KERNELS)
def test_the_variant_f64_is_a_run_over_the_same_rows_in_parquet(
    rows: dict[str, list[str]], kernel: str
) -> None:
    loaded = kernels.Loaded(kernel, rows[kernel], "plain")
    plain = loaded.compiled(loaded.params, loaded.offsets, loaded.columns)
    (file,) = kernel_data.STORE.rglob("*.parquet")
    types = pq.read_schema(file)
    for name in rows[kernel]:
        wanted = "int64" if column_kind(name) == "int64" else "double"
        assert str(types.field(name).type) == wanted
    found = tickloom.run(kernel, kernel_data.STORE, workers=1, hot=False)
    assert found.rows == loaded.offsets[-1]
    assert found.trades == plain.trades.sum() > 0
    assert found.pnl == pytest.approx(plain.pnl.sum())
    benchmark = kernels.Run()
    benchmark.setup(rows, kernel, "f64")
    assert benchmark.times == kernels.WORK[kernel].runs
    benchmark.time_run(rows, kernel, "f64")


def test_the_variants_in_memory_trade_alike(rows: dict[str, list[str]]) -> None:
    trades = {}
    for variant in ("plain", "logged", "hot"):
        loaded = kernels.Loaded("ema-cross", rows["ema-cross"], variant)
        result = loaded.compiled(loaded.params, loaded.offsets, loaded.columns)
        assert (result.log is not None) == (variant == "logged")
        trades[variant] = result.trades.tolist()
        dtypes = {str(column.dtype) for column in loaded.columns}
        assert dtypes == ({"int32"} if variant == "hot" else {"float64", "int64"})
    assert trades["plain"] == trades["logged"] == trades["hot"]


def test_the_small_suite_skips_sweeps_over_hot_arrays_and_most_rates_and_no_other(
    rows: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def skipped(topic: type[kernels.Sweep | kernels.Relative], *params: str) -> bool:
        try:
            topic().setup(rows, *params)
        except NotImplementedError:
            return True
        return False

    def all_skipped() -> list[bool]:
        sweeps = [skipped(kernels.Sweep, "ema-cross", variant) for variant in ("plain", "hot")]
        return sweeps + [skipped(kernels.Relative, kernel) for kernel in kernels.KERNELS]

    others = len(kernels.KERNELS) - 1
    monkeypatch.setenv("TICKLOOM_BENCH_QUICK", "1")
    assert all_skipped() == [False, True, False, *[True] * others]
    monkeypatch.setenv("TICKLOOM_BENCH_QUICK", "")
    assert all_skipped() == [False, False, False, *[False] * others]


def test_the_sets_of_a_sweep_differ_in_one_parameter_and_keep_its_bounds() -> None:
    for kernel, work in kernels.WORK.items():
        spec = get_host().kernels.get(kernel)
        sets = kernels.parameter_sets(spec.params(), work)
        assert len(set(sets)) == work.sets
        name = work.swept[0]
        for bounded, low, high in spec.bounds:
            assert name != bounded or all(low <= getattr(params, name) <= high for params in sets)


def test_sorting_is_measured_on_rows_that_are_in_no_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sizes, "scaled", lambda count: count // 40)
    stage = pack.Stage()
    raw = pack.setup_cache()
    stage.setup(raw)
    for shuffled, frame in zip(stage.shuffled, stage.frames, strict=True):
        assert shuffled.height == frame.height
        assert shuffled.height < 9 or not shuffled["timestamp"].is_sorted()
        assert from_source(shuffled).frame["timestamp"].equals(frame["timestamp"])
    stage.time_sort(raw)


def test_a_selection_brings_the_calibrations_of_its_topics_and_no_others(
    discovered: dict[str, Any],
) -> None:
    bench = with_calibrations(["time_read_names"], ["calendar.Names.time_read_names"])
    found = [n for n in discovered["found"] if any(re.search(regex, n) for regex in bench)]
    assert sorted(found) == [
        "calendar.Calibration.time_calibration",
        "calendar.Names.time_read_names",
    ]
    assert with_calibrations([], ["calendar.Names.time_read_names"]) == []


def test_a_topic_and_its_calibration_share_one_clock() -> None:
    """A drift of the wall clock says nothing about CPU times, and the other way round."""
    clocks = {
        module: {
            getattr(cls, "timer", time.perf_counter)
            for cls in vars(importlib.import_module(f"benchmarks.{module}")).values()
            if isinstance(cls, type) and any(name.startswith("time_") for name in dir(cls))
        }
        for module in TOPICS
    }
    cpu = {module for module, found in clocks.items() if found == {time.process_time}}
    assert cpu == {"calendar", "compile", "kernels", "scan"}
    assert all(found == {time.perf_counter} for m, found in clocks.items() if m not in cpu)
