"""One thread a library: the configuration's pins reach the process that asv starts, and act."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.compare.asv_tool import AsvRun, Project
from tickloom.scaffold.packages import create_package

SUITE = """
import json, os
from pathlib import Path


def track_threads():
    import numba, polars

    found = {name: os.environ.get(name) for name in (%s)}
    found["polars"] = polars.thread_pool_size()
    found["numba"] = numba.config.NUMBA_NUM_THREADS
    Path(%r).write_text(json.dumps(found))
    return 1
"""

# What asv does with a configuration, but for making the environment, which needs a package index.
START = """
import sys
from asv.config import Config
from asv.environment import get_environments
from asv.runner import Spawner

config = Config.load(sys.argv[1])
(env,) = get_environments(config, None)
env._path = sys.prefix
spawner = Spawner(env, config.benchmark_dir)
print(*spawner.run("threads.track_threads", "{}", "None", sys.argv[2], 60, sys.argv[3]))
"""


NAMES = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
ONE = {**dict.fromkeys(NAMES, "1"), "polars": 1, "numba": 1}


def _found(config: Path, suite: Path) -> dict[str, object]:
    """What a benchmark in ``suite`` sees that asv starts with this configuration."""
    seen = suite.parent / "seen.json"
    quoted = ", ".join(map(repr, NAMES))
    (suite / "threads.py").write_text(SUITE % (quoted, str(seen)))
    command = [sys.executable, "-c", START, config, suite.parent / "result.json", suite.parent]
    done = subprocess.run(command, capture_output=True, text=True, cwd=suite.parent)
    assert seen.exists(), done.stdout + done.stderr
    found: dict[str, object] = json.loads(seen.read_text())
    return found


@pytest.fixture(autouse=True)
def _of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller has set must not count."""
    for name in NAMES:
        monkeypatch.setenv(name, "2")


def test_of_the_projects_own_suite(project: Path, tmp_path: Path) -> None:
    suite = tmp_path / "benchmarks"
    suite.mkdir()
    (suite / "__init__.py").touch()
    run = AsvRun(Project(project, tmp_path), tmp_path, suite)
    assert _found(run.write_config(), suite) == ONE


def test_of_the_suite_of_a_new_kernel_package(tmp_path: Path) -> None:
    create_package("acme-rise", "kernel", tmp_path)
    package = tmp_path / "acme-rise"
    assert _found(package / "asv.conf.json", package / "benchmarks") == ONE
