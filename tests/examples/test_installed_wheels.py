"""The example plugins as their users get them: wheels in an environment without the sources."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.examples.acme_ticks import INSTRUMENTS, deliver, make_ticks

EXAMPLES = ("acme-tickloom-csv", "acme-tickloom-momentum")
SEED = 7


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds tickloom's wheel and the examples'."""

    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    def run(self, program: str, *args: str | Path, ok: tuple[int, ...] = (0,)) -> str:
        """Run a program of the environment, away from the sources; its stdout."""
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


def build(source: Path, out: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)


@pytest.fixture(scope="module")
def wheels(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheels")
    build(project, out)
    for name in EXAMPLES:
        build(project / "examples" / name, out)
    return out


@pytest.fixture
def environment(wheels: Path, tmp_path: Path) -> Environment:
    """Nothing is downloaded: the dependencies are those of the environment that runs the tests."""
    environment = Environment(tmp_path / "venv")
    command = [sys.executable, "-m", "virtualenv", "--no-download", "--no-setuptools"]
    command += ["--app-data", str(tmp_path / "app-data"), str(environment.folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    pure = environment.run(
        "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"
    ).strip()
    # Entries of a .pth come last on sys.path, and .pth files in them are not read: the editable
    # tickloom of the test environment stays out.
    (Path(pure) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = ["-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    environment.run("python", *install, *sorted(wheels.iterdir()))
    return environment


def momentum_reference(project: Path) -> Any:
    path = project / "examples" / "acme-tickloom-momentum" / "tests" / "reference.py"
    spec = importlib.util.spec_from_file_location("acme_momentum_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.momentum


@dataclass(frozen=True)
class Params:
    fast: int = 4
    slow: int = 30
    entry: float = 0.002
    exit: float = 0.0
    max_spread: float = 0.01
    last_entry: int = 54_000


@pytest.mark.slow
def test_install_list_pack_run_and_remove(
    environment: Environment, project: Path, tmp_path: Path
) -> None:
    home = environment.run("python", "-c", "import tickloom; print(tickloom.__file__)").strip()
    assert Path(home).is_relative_to(environment.folder), home

    listed = environment.plugins()
    assert {name: row["offers"] for name, row in listed.items()} == {
        "acme-tickloom-csv": {"reader": ["acme-csv"]},
        "acme-tickloom-momentum": {"kernel": ["acme-momentum"]},
    }
    assert {row["state"] for row in listed.values()} == {"loaded"}
    assert listed["acme-tickloom-momentum"]["version"] == "2.0.1"
    environment.run("tickloom", "plugins", "doctor")

    ticks = make_ticks(SEED)
    rows = deliver(ticks, tmp_path / "acme")
    store = tmp_path / "store"
    packed = json.loads(environment.run("tickloom", "pack", tmp_path / "acme", store, "--json"))
    assert (packed["files"], packed["rows_written"], packed["partitions"]) == (2, rows, 2)
    environment.run("tickloom", "verify", store)
    for (day, instrument), expected in ticks.items():
        right, strike, expiry, kind = INSTRUMENTS[instrument]
        (file,) = (store / day.isoformat() / "BANKNIFTY").iterdir()
        found = (
            pl.scan_parquet(file)
            .filter(pl.col("opt_type") == right, strike=strike, expiry=expiry, expiry_type=kind)
            .select("timestamp", "price", "volume", "bp0", "sp0")
            .collect()
        )
        assert found.rows() == [(t.timestamp, t.price, t.volume, t.bp0, t.sp0) for t in expected]

    reference, params = momentum_reference(project), Params()
    expected_results = [reference(each, params) for each in ticks.values()]
    settings = [f"--param={name}={value}" for name, value in vars(params).items()]
    result = json.loads(
        environment.run("tickloom", "run", "acme-momentum", store, *settings, "--json")
    )
    assert result["trades"] == sum(trades for _, trades in expected_results) > 0
    assert result["pnl"] == pytest.approx(sum(pnl for pnl, _ in expected_results), abs=1e-6)

    made = environment.run(
        "tickloom", "plugins", "new", "acme-next", "--kind", "kernel", "--dir", tmp_path
    )
    assert str(tmp_path / "acme-next" / ".github" / "workflows" / "test.yml") in made

    environment.run("python", "-m", "pip", "uninstall", "--yes", "--quiet", *EXAMPLES)
    assert environment.plugins() == {}
    said = environment.run("tickloom", "run", "acme-momentum", store, ok=(2,))
    assert "unknown kernel 'acme-momentum'; " in said
    assert "Traceback" not in said
    environment.run("tickloom", "verify", store)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_its_own_tests_pass(name: str, project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=project / "examples" / name,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
