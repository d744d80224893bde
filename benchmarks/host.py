"""The host: what a command costs before it does anything."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import calibration, sizes

PLUGINS = 50


class Calibration(calibration.Calibration):
    """The host while this topic runs."""

    timer = time.perf_counter


def tickloom(*args: str, path: str = "") -> None:
    """Run the command line in a fresh interpreter."""
    environ = os.environ | ({"PYTHONPATH": path} if path else {})
    code = "from tickloom.cli.main import main; main()"
    subprocess.run(
        [sys.executable, "-c", code, *args], check=True, capture_output=True, env=environ
    )


class StartUp:
    """Fresh interpreters: two a sample, since one takes less than 100 ms."""

    repeat = sizes.repeats(7)
    number = 1
    rounds = 1

    def time_import(self) -> None:
        for _ in range(2):
            subprocess.run([sys.executable, "-c", "import tickloom"], check=True)

    def time_help(self) -> None:
        for _ in range(2):
            tickloom("--help")

    def time_plugins_list(self) -> None:
        for _ in range(2):
            tickloom("plugins", "list")


class ManyPlugins:
    """Fifty installed distributions with a plugin each."""

    repeat = sizes.repeats(5)
    number = 1
    rounds = 1

    def setup_cache(self) -> str:
        folder = Path.cwd() / "site"
        for i in range(PLUGINS):
            info = folder / f"bench_plugin_{i}-1.0.dist-info"
            info.mkdir(parents=True)
            name = f"bench-plugin-{i}"
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[tickloom]\nmain = bench_plugin_{i}\n")
            (folder / f"bench_plugin_{i}.py").write_text(_PLUGIN.format(i=i))
        return str(folder)

    def time_plugins_list(self, folder: str) -> None:
        tickloom("plugins", "list", path=folder)


_PLUGIN = """
from tickloom import API_VERSION, CalendarSpec, hookimpl

TICKLOOM_API_VERSION = API_VERSION


@hookimpl
def tickloom_register_calendars():
    return [CalendarSpec(name="bench-{i}", summary="none", zone="UTC", load=lambda file: None)]
"""
