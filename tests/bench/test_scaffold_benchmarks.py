"""The asv suite that ``plugins new --kind kernel`` writes works as it is."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import json5
import pytest

from tickloom.scaffold.packages import create_package

RUN = """
import os, sys
from asv_runner.discovery import disc_benchmarks
from tickloom.testing import kernel_benchmarks
make = kernel_benchmarks.make_ticks
kernel_benchmarks.make_ticks = lambda columns: make(columns, rows=5_000, contracts=10)
benchmarks = list(disc_benchmarks("benchmarks"))
os.chdir(sys.argv[1])
assert len({benchmark.setup_cache_key for benchmark in benchmarks}) == 1
cache = benchmarks[0].do_setup_cache()
for benchmark in benchmarks:
    benchmark.insert_param(cache)
    benchmark.do_setup()
    benchmark.do_run()
    print(benchmark.name, benchmark.unit)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A generated package, found as if it were installed."""
    create_package("acme-rise", "kernel", tmp_path)
    root = tmp_path / "acme-rise"
    points = tomllib.loads((root / "pyproject.toml").read_text())["project"]["entry-points"]
    info = root / "src" / "acme_rise-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: acme-rise\nVersion: 0.1.0\n")
    lines = [f"{name} = {target}" for name, target in points["tickloom"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[tickloom]", *lines]))
    return root


def test_asv_finds_and_runs_five_benchmarks(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", RUN, cache],
        cwd=package,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([f"{package}/src", str(package)])},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        "kernels.Kernel.peakmem_run bytes",
        "kernels.Kernel.time_calibration seconds",
        "kernels.Kernel.time_run seconds",
        "kernels.Kernel.track_calibrated_cost calibration rows per row",
        "kernels.Kernel.track_compile seconds",
    ]
    assert [file.name for file in cache.iterdir()] == ["acme-rise.npz"]


def test_its_configuration_is_what_asv_reads(package: Path) -> None:
    config = json5.loads((package / "asv.conf.json").read_text())
    assert config["project"] == "acme-rise"
    assert config["launch_method"] == "spawn"
    assert "{wheel_file}" in config["install_command"][0]


def test_a_difference_within_the_machines_noise_is_no_regression(package: Path) -> None:
    config = json5.loads((package / "asv.conf.json").read_text())
    assert config["regressions_thresholds"] == {".*": 0.3}
    readme = (package / "README.md").read_text()
    assert readme.index("asv machine --yes") < readme.index("asv continuous --factor 1.3")
