"""``plugins new`` writes packages that work as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tickloom.cli.plugins import command
from tickloom.errors import UsageError
from tickloom.scaffold.packages import KINDS, Kind, create_package

NAME = "Acme_Ticks.x"


def run(*args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *args],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_its_tests_pass_as_generated(kind: Kind, tmp_path: Path) -> None:
    create_package(NAME, kind, tmp_path)
    package = tmp_path / "acme-ticks-x"
    done = run("pytest", "-q", "-W", "error", "-p", "no:cacheprovider", cwd=package)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_once_installed_it_is_listed(kind: Kind, tmp_path: Path) -> None:
    """Installed as a dist-info folder whose entry points are the pyproject's own."""
    create_package(NAME, kind, tmp_path)
    package = tmp_path / "acme-ticks-x"
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    info = package / "src" / "acme_ticks_x-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["tickloom"]
    lines = [f"{name} = {target}" for name, target in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[tickloom]", *lines]))
    done = run("tickloom", "plugins", "list", "--json", cwd=tmp_path, PYTHONPATH=str(info.parent))
    rows = {row["distribution"]: row for row in json.loads(done.stdout)["plugins"]}
    (offers,) = rows["acme-ticks-x"]["offers"].items()
    assert (offers[0], list(offers[1])) == (kind, ["acme-ticks-x"])
    assert offers[1]["acme-ticks-x"], "a spec's summary tells what it is"
    assert rows["acme-ticks-x"]["state"] == "loaded"
    doctor = run("tickloom", "plugins", "doctor", cwd=tmp_path, PYTHONPATH=str(info.parent))
    assert doctor.returncode == 0, doctor.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_it_needs_tickloom_alone(kind: Kind, tmp_path: Path) -> None:
    create_package(NAME, kind, tmp_path)
    project = tomllib.loads((tmp_path / "acme-ticks-x" / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == ["tickloom>=0.1"]
    assert project["optional-dependencies"] == {"test": ["tickloom[testing]"]}


def test_the_command_says_what_it_wrote_and_what_is_next(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["new", "acme", "--kind", "kernel", "--dir", str(tmp_path)])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    written = {Path(line) for line in lines[: lines.index("")]}
    assert written == {path for path in (tmp_path / "acme").rglob("*") if path.is_file()}
    assert f"  cd {tmp_path / 'acme'}" in lines
    for name in ("pyproject.toml", "README.md", ".gitignore", ".github/workflows/test.yml"):
        assert tmp_path / "acme" / name in written


def test_an_unknown_kind_lists_the_kinds(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["new", "acme", "--kind", "calender"])
    assert done.exit_code == 2
    assert "'reader', 'transform', 'writer', 'kernel', 'executor'" in done.output


def test_it_does_not_write_over_anything(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    create_package("acme", "kernel", tmp_path)
    with pytest.raises(UsageError, match="exists already; expected a new or empty folder"):
        create_package("acme", "reader", tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("3m", "beginning with a letter, such as 'acme-momentum'"),
        ("a b", "expected letters, digits"),
        ("acme-", "expected letters, digits"),
        ("../acme", "expected letters, digits"),
        ("json", "would hide the module of that name; .* such as 'acme-json'"),
        ("Tickloom", "would hide the module"),
        ("class", "would hide the module"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        create_package(name, "kernel", tmp_path)
    assert not list(tmp_path.iterdir())
