"""What every test may rely on: a private cache, no stray plugins, and the folder of shared data."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def _private_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Kernels are compiled into a cache of the test run's own, shared by its worker processes.

    So is the bytecode of what commands import, in whatever environment: without one that is
    written, each of them compiles the sources of Numba, Polars and click anew, and takes three
    times the CPU (a small pack 6.4 s rather than 2.4 s, a run 1.2 s rather than 0.6 s).
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TICKLOOM_CACHE_DIR", str(shared / "tickloom-cache"))
        patch.setenv("PYTHONPYCACHEPREFIX", str(shared / "bytecode"))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.delenv("TICKLOOM_PLUGINS", raising=False)
        patch.delenv("TICKLOOM_DISABLE_PLUGIN_AUTOLOAD", raising=False)
        yield


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """SIGINT as a user's shell hands it on, here and in what the test starts.

    Whoever runs the tests may ignore it, as ``nohup make test &`` in a script does, and a process
    that starts with SIGINT ignored leaves it so.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the project."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ``../shared`` with facts and real market data, which the project does not hold."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the folder {folder}: real data that is not part of the project")
    return folder
