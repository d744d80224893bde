"""One thread a library: the configuration's pins reach the process that asv starts, and act."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.compare.asv_tool import AsvRun, Project

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


def _started(config: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", START, config, tmp_path / "result.json", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (tmp_path / "threads.json").exists(), done.stdout + done.stderr


NAMES = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in NAMES:
        monkeypatch.setenv(name, "2")  # of the caller's, which must not count
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "__init__.py").touch()
    quoted = ", ".join(map(repr, NAMES))
    (folder / "threads.py").write_text(SUITE % (quoted, str(tmp_path / "threads.json")))
    return folder


def test_of_the_projects_own_suite(project: Path, tmp_path: Path, suite: Path) -> None:
    run = AsvRun(Project(project, tmp_path), tmp_path, suite)
    _started(run.write_config(), tmp_path)
    found = json.loads((tmp_path / "threads.json").read_text())
    assert found == {**dict.fromkeys(NAMES, "1"), "polars": 1, "numba": 1}
