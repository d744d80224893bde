"""The import contracts break where somebody imports upward."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("framework", "plugins", "kernels", "calendars")

PLANTED = {
    "The framework imports no plugin": ("framework/tickloom/errors.py", "tickloom_kernels"),
    "The built-in plugins do not import one another": (
        "kernels/tickloom_kernels/plugin.py",
        "tickloom_plugins",
    ),
    "The built-in plugins import public names of the framework only": (
        "calendars/tickloom_calendars/plugin.py",
        "tickloom.specs",
    ),
    "Inside the framework nobody goes through its face": (
        "framework/tickloom/cli/main.py",
        "tickloom",
    ),
    "The floors of the framework": ("framework/tickloom/host/doctor.py", "tickloom.packing.api"),
    "The rooms of the engine": (
        "framework/tickloom/engine/orders/fills.py",
        "tickloom.engine.running.plan",
    ),
    "The rooms of packing": (
        "framework/tickloom/packing/rows/days.py",
        "tickloom.packing.reading.unit",
    ),
    "The rooms of the store": (
        "framework/tickloom/store/commits/lock.py",
        "tickloom.store.foreign.adopt",
    ),
}
"""A contract, the file that breaks it, and by the import of what."""


def test_each_contract_breaks_where_an_upward_import_is_planted(tmp_path: Path) -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert {contract["name"] for contract in settings["contracts"]} == set(PLANTED)
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, tmp_path / package)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    for file, imported in PLANTED.values():
        with (tmp_path / file).open("a") as planted:
            planted.write(f"\nimport {imported}\n")
    said = subprocess.run(
        [
            Path(sys.executable).with_name("lint-imports"),
            "--no-logo",
            "--no-cache",
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(tmp_path / package) for package in PACKAGES),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 1, said.stdout + said.stderr
    kept = [name for name in PLANTED if f"{name} BROKEN" not in said.stdout]
    assert not kept, said.stdout
