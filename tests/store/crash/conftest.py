"""The parts that sessions commit, a store to begin with, and what an undisturbed session makes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.store.crash import session

FULL = os.environ.get("TICKLOOM_CRASH") == "full"
"""``make crash``: every point instead of a sample."""


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crash") / "parts"
    session.make_parts(folder)
    return folder


@pytest.fixture(scope="session")
def beginning(tmp_path_factory: pytest.TempPathFactory, parts: Path) -> Path:
    store = tmp_path_factory.mktemp("beginning") / "store"
    session.begin(store, parts)
    return store


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, parts: Path) -> dict[str, str]:
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    session.begin(store, parts)
    session.run(store, parts)
    return session.tree(store)


@pytest.fixture
def fresh_store(tmp_path: Path, beginning: Path) -> Callable[[], Path]:
    """Makes a new copy of the beginning each time it is called."""

    def make() -> Path:
        shutil.rmtree(tmp_path / "store", ignore_errors=True)
        shutil.copytree(beginning, tmp_path / "store")
        return tmp_path / "store"

    return make


def sample(points: list[int], every: int) -> list[int]:
    """All points in the full sweep, else each ``every``-th."""
    return points if FULL else points[::every]
