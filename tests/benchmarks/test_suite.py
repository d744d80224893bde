"""The suite is what asv and the comparison need: found, light to import, big enough to time."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import json5
import pytest

from benchmarks import calibration, kernels
from benchmarks.compare.rounds import read_removed, with_calibrations
from tickloom.host import get_host

TOPICS = ("calendar", "compile", "host", "kernels", "pack", "scan", "store")

DISCOVER = """
import json, sys
from asv_runner.discovery import disc_benchmarks
found = {b.name: b.type for b in disc_benchmarks(sys.argv[1])}
heavy = sorted(set(sys.modules) & {"tickloom", "json5", "asv", "pytest"})
print(json.dumps({"found": found, "heavy": heavy}))
"""


@pytest.fixture(scope="module")
def discovered(project: Path) -> dict[str, dict[str, str]]:
    """What asv finds, in a fresh interpreter as asv starts it."""
    done = subprocess.run(
        [sys.executable, "-c", DISCOVER, "benchmarks"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


def test_asv_finds_every_topic_with_its_calibration(discovered: dict[str, dict[str, str]]) -> None:
    found = discovered["found"]
    for topic in TOPICS:
        assert f"{topic}.Calibration.time_calibration" in found
        assert any(name.startswith(f"{topic}.") and "Calibration" not in name for name in found)


def test_asv_finds_no_benchmark_in_yardsticks_and_tools(
    discovered: dict[str, dict[str, str]],
) -> None:
    assert not [n for n in discovered["found"] if n.startswith(("documented.", "compare."))]


def test_the_suite_imports_nothing_that_a_commit_might_lack(
    discovered: dict[str, dict[str, str]],
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


def test_every_built_in_kernel_is_measured() -> None:
    built_in = {o.spec.name for o in get_host().kernels if o.plugin.distribution == "tickloom"}
    assert set(kernels.KERNELS) == built_in


def test_a_selection_brings_the_calibrations_of_its_topics_and_no_others(
    discovered: dict[str, dict[str, str]],
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
