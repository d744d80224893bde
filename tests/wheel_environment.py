"""Virtual environments that hold wheels, and dependencies without a download."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Environment:
    """A virtual environment away from the sources."""

    folder: Path

    @property
    def bin(self) -> Path:
        """Where its programs are."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    def run(self, program: str, *args: str | Path, ok: tuple[int, ...] = (0,)) -> str:
        """Run a program of the environment; its stdout, or its stderr where it fails as meant."""
        env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        done = subprocess.run(
            [self.bin / program, *args],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.returncode in ok, f"{program} {args}: {done.stdout}{done.stderr}"
        return done.stdout if done.returncode == 0 else done.stderr

    def plugins(self) -> dict[str, Any]:
        """Distribution to what ``plugins list`` says of it, built-ins left out."""
        rows = json.loads(self.run("tickloom", "plugins", "list", "--json"))["plugins"]
        return {row["distribution"]: row for row in rows if row["distribution"] != "tickloom"}


def build_wheel(source: Path, out: Path) -> Path:
    """The wheel of the project in ``source``, written to ``out``."""
    before = set(out.iterdir())
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    (wheel,) = set(out.iterdir()) - before
    return wheel


def make_environment(folder: Path, wheels: Iterable[Path]) -> Environment:
    """An environment with these wheels. Nothing is downloaded: the dependencies are those of the
    environment that runs the tests."""
    environment = Environment(folder)
    command = [sys.executable, "-m", "virtualenv", "--no-download", "--no-setuptools"]
    command += ["--app-data", str(folder.with_name("app-data")), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    pure = Path(environment.run("python", "-c", where).strip())
    # Entries of a .pth come last on sys.path, and .pth files in them are not read: the editable
    # tickloom of the test environment stays out.
    (pure / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = ["-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    environment.run("python", *install, *wheels)
    return environment
