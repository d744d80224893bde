"""What pages need: raw files, a store, an environment of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from tests.wheel_environment import Environment, build_wheel, make_environment


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small raw files in ``raw``, and a store of them in ``store``."""
    folder = tmp_path_factory.mktemp("docs")
    for args in (["synth", "raw", "--rows", "6000", "--strikes", "3"], ["pack", "raw", "store"]):
        command = [sys.executable, "-m", "tickloom", *args]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=200)
    return folder


@pytest.fixture(scope="session")
def wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tickloom's own wheel."""
    return build_wheel(project, tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def environment(wheel: Path, tmp_path: Path) -> Environment:
    """A virtual environment with tickloom's wheel."""
    return make_environment(tmp_path / "environment", [wheel])


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path, needs: frozenset[str]) -> Path:
    """The folder in which a page's reader works."""
    folder = tmp_path / "work"
    folder.mkdir()
    for name in ("raw", "store"):
        if name in needs:
            shutil.copytree(request.getfixturevalue("sample") / name, folder / name)
    return folder


@pytest.fixture
def programs(request: pytest.FixtureRequest, needs: frozenset[str]) -> Path:
    """Where the reader's ``python`` and ``tickloom`` are."""
    if "environment" in needs:
        return Path(request.getfixturevalue("environment").bin)
    return Path(sysconfig.get_path("scripts"))


@pytest.fixture
def reader_env(programs: Path) -> dict[str, str]:
    """The reader's environment variables. pip finds nothing to download: what a snippet installs
    is its own package, and what that depends on is there."""
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    env["PATH"] = f"{programs}{os.pathsep}{env['PATH']}"
    env |= {
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads the value of a 'no' option as the opposite's
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "COLUMNS": "100",
    }
    return env
