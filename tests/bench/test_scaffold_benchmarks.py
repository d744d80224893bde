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
import sys
from asv_runner.discovery import disc_benchmarks
from tickloom.testing import kernel_benchmarks
make = kernel_benchmarks.make_ticks
kernel_benchmarks.make_ticks = lambda columns: make(columns, rows=5_000, contracts=10)
for benchmark in disc_benchmarks("benchmarks"):
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


def test_asv_finds_and_runs_four_benchmarks(package: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=package,
        env={**os.environ, "PYTHONPATH": f"src{os.pathsep}."},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        "kernels.Kernel.peakmem_run bytes",
        "kernels.Kernel.time_run seconds",
        "kernels.Kernel.track_calibrated_cost calibration rows per row",
        "kernels.Kernel.track_compile seconds",
    ]


def test_its_configuration_is_what_asv_reads(package: Path) -> None:
    config = json5.loads((package / "asv.conf.json").read_text())
    assert config["project"] == "acme-rise"
    assert config["launch_method"] == "spawn"
    assert "{wheel_file}" in config["install_command"][0]
