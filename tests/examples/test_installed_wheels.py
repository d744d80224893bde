"""The example plugins as their users get them: wheels in an environment without the sources."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.examples.acme_ticks import INSTRUMENTS, deliver, make_ticks
from tests.wheel_environment import Environment, build_wheel, make_environment

EXAMPLES = ("acme-tickloom-csv", "acme-tickloom-momentum")
SEED = 7


@pytest.fixture(scope="module")
def wheels(project: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("wheels")
    sources = [project, *(project / "examples" / name for name in EXAMPLES)]
    return [build_wheel(source, out) for source in sources]


@pytest.fixture
def environment(wheels: list[Path], tmp_path: Path) -> Environment:
    return make_environment(tmp_path / "venv", wheels)


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
    offers = {
        name: [(kind, *names) for kind, names in row["offers"].items()]
        for name, row in listed.items()
    }
    assert offers == {
        "acme-tickloom-csv": [("reader", "acme-csv")],
        "acme-tickloom-momentum": [("kernel", "acme-momentum")],
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
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
