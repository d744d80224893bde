"""Fake distributions: a dist-info folder and modules, put on ``sys.path``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from tickloom.host import Host

PLUGIN = """
from tickloom import ExecutorSpec, hookimpl

TICKLOOM_API_VERSION = 1

@hookimpl
def tickloom_register_executors():
    return [ExecutorSpec(name="{name}", summary="s", create=None, shares_memory=True)]
"""


def offering(name: str) -> str:
    """Source of a plugin module that offers one executor."""
    return PLUGIN.format(name=name)


@dataclass(frozen=True)
class Site:
    """A folder of fake distributions."""

    folder: Path

    def install(
        self,
        name: str,
        source: str,
        *,
        version: str = "1.0",
        entry_points: str | None = None,
        metadata: str | None = None,
    ) -> str:
        """Install a distribution with one module and one entry point; the module's name."""
        module = name.replace("-", "_").replace(".", "_") + "_plugin"
        (self.folder / f"{module}.py").write_text(dedent(source))
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        if metadata is None:
            metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        if metadata:
            (info / "METADATA").write_text(metadata)
        points = entry_points or f"[tickloom]\nmain = {module}\n"
        (info / "entry_points.txt").write_text(points)
        return module

    def command(
        self, *args: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``tickloom`` in a process of its own that sees the distributions."""
        return subprocess.run(
            [sys.executable, "-m", "tickloom", *args],
            env={**os.environ, "PYTHONPATH": str(self.folder), **(env or {})},
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "site"
    folder.mkdir()
    return Site(folder)


@pytest.fixture
def load(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Host]]:
    """Makes a host of this process that sees the distributions."""
    before = set(sys.modules)

    def host() -> Host:
        monkeypatch.syspath_prepend(site.folder)
        return Host.of_installed()

    yield host
    for name in set(sys.modules) - before:
        if name.endswith("_plugin"):
            del sys.modules[name]
