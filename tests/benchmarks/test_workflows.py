"""The CI files run what they say, on every Python that the project supports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = ("tests", "benchmarks", "nightly")


def _workflow(project: Path, name: str) -> dict[str, Any]:
    text = (project / ".github" / "workflows" / f"{name}.yml").read_text("utf-8")
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


def _supported(project: Path) -> list[str]:
    with (project / "pyproject.toml").open("rb") as file:
        classifiers = tomllib.load(file)["project"]["classifiers"]
    found = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", c) for c in classifiers)
    return [match[1] for match in found if match]


def test_tests_run_on_every_supported_python_of_three_systems(project: Path) -> None:
    jobs = _workflow(project, "tests")["jobs"]
    assert jobs["check"]["strategy"]["matrix"]["os"] == ["ubuntu-latest", "macos-latest"]
    for job in ("check", "windows"):
        assert jobs[job]["strategy"]["matrix"]["python"] == _supported(project)
    assert jobs["windows"]["runs-on"] == "windows-latest"


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_call_what_exists(project: Path, name: str) -> None:
    targets = set(re.findall(r"^([\w-]+):", (project / "Makefile").read_text("utf-8"), re.M))
    for job in _workflow(project, name)["jobs"].values():
        assert job["timeout-minutes"] <= 120
        for step in job["steps"]:
            command = step.get("run", "")
            for called in re.findall(r"\bmake((?: [a-z][\w-]*\b(?!=))+)", command):
                assert set(called.split()) <= targets
            for module in re.findall(r"python -m (benchmarks[\w.]*)", command):
                assert (project / Path(*module.split(".")) / "__main__.py").exists()
            for path in re.findall(r"(?<!\S)(tests/\w+|\.ci/\S+)", command):
                assert (project / path).exists()


def test_what_lands_is_checked_with_services_where_these_can_be_installed(project: Path) -> None:
    steps = _workflow(project, "tests")["jobs"]["check"]["steps"]
    linux, others = (step for step in steps if "run" in step)
    assert (linux["if"], others["if"]) == ("runner.os == 'Linux'", "runner.os != 'Linux'")
    assert linux["run"].split() == [".ci/run", "PYTHON=python"]
    (checks,) = re.findall(
        r"^check: \$\(READY\) (.*?) ##", (project / "Makefile").read_text("utf-8"), re.M
    )
    assert f"make {checks} PYTHON=python" == others["run"].replace("test", "test services")
    script = (project / ".ci" / "run").read_text("utf-8")
    assert script.endswith('\n.ci/programs\nexec make check "$@"\n')


def test_pull_requests_are_gated_by_the_comparisons_own_exit_code(project: Path) -> None:
    """make would turn a regression, 1, into the 2 of a comparison that did not measure."""
    steps = _workflow(project, "benchmarks")["jobs"]["compare"]["steps"]
    (step,) = (step for step in steps if step.get("id") == "compare")
    assert re.search(
        r"^\.venv/bin/python -m benchmarks\.compare .*\|\| status=\$\?$", step["run"], re.M
    )
    assert not [step for step in steps if "make bench-compare" in step.get("run", "")]
    assert steps[-1]["run"] == "exit ${{ steps.compare.outputs.status }}"


def test_make_hands_the_comparison_what_it_is_told(project: Path) -> None:
    """Without BASE too: the comparison says what is missing, in a report of its own."""
    # Below another make, this one would say which folder it enters.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    for given, wanted in (
        ((), '--base ""'),
        (("BASE=main",), '--base "main"'),
        (
            ("BASE=v1", "BENCH=a|b", "ROUNDS=5", "QUICK=1"),
            "--base \"v1\" --bench 'a|b' --rounds 5 --quick",
        ),
    ):
        command = ["make", "--dry-run", "bench-compare", *given]
        done = subprocess.run(
            command, cwd=project, env=alone, capture_output=True, text=True, check=True
        )
        last = re.sub(r"\\\n|\s+", " ", done.stdout).split()
        start = last.index("benchmarks.compare")
        assert " ".join(last[start + 1 :]) == wanted


def _git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def night(tmp_path: Path, project: Path) -> Callable[[], subprocess.CompletedProcess[str]]:
    """The nightly run in a clone with an ``origin``: fetches the history, keeps the results."""
    steps = {
        step["name"]: step["run"]
        for step in _workflow(project, "nightly")["jobs"]["publish"]["steps"]
        if "name" in step
    }
    origin, clone = tmp_path / "origin.git", tmp_path / "clone"
    _git(tmp_path, "init", "-q", "--bare", str(origin))
    _git(tmp_path, "clone", "-q", str(origin), str(clone))
    (clone / ".gitignore").write_text(".asv/\n")
    _git(clone, "add", ".")
    _git(clone, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "first")

    def step(name: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-e", "-c", steps[name]]  # as GitHub runs it
        return subprocess.run(command, cwd=clone, capture_output=True, text=True)

    def run() -> subprocess.CompletedProcess[str]:
        if not (clone / ".asv" / "results").exists():
            assert step("Fetch the history so far").returncode == 0
        return step("Keep the results")

    return run


def test_a_night_without_results_fails(
    night: Callable[[], subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    assert night().returncode != 0
    results = tmp_path / "clone" / ".asv" / "results" / "benchmarks"
    results.mkdir()
    (results / "machine.json").write_text("{}")
    (results / "0123abcd-other-commit.json").write_text("{}")
    assert night().returncode != 0
    assert _git(tmp_path / "origin.git", "branch") == ""


def test_a_night_keeps_its_results_and_a_second_one_is_no_failure(
    night: Callable[[], subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    night()
    commit = _git(tmp_path / "clone", "rev-parse", "HEAD")
    results = tmp_path / "clone" / ".asv" / "results" / "benchmarks"
    results.mkdir()
    (results / f"{commit[:8]}-virtualenv.json").write_text("{}")
    for _ in range(2):
        done = night()
        assert done.returncode == 0, done.stderr
        kept = _git(tmp_path / "origin.git", "ls-tree", "-r", "--name-only", "benchmark-results")
        assert kept == f"benchmarks/{commit[:8]}-virtualenv.json"


def test_same_result_compares_the_result_and_not_the_time(project: Path, tmp_path: Path) -> None:
    run = dict.fromkeys(("kernel", "params", "fill", "partitions", "contracts"), 1)
    run |= {"rows": 10, "rows_skipped": 0, "trades": 3, "pnl": 1}
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for other, code in (({"elapsed_s": 2}, 0), ({"pnl": 1.0000000001}, 1), ({"trades": 4}, 1)):
        for file, content in zip(files, (run | {"elapsed_s": 1}, run | other), strict=True):
            file.write_text(json.dumps(content))
        script = project / ".ci" / "same_result.py"
        done = subprocess.run([sys.executable, script, *files], capture_output=True, text=True)
        assert done.returncode == code, done.stdout
        assert (next(iter(other)) in done.stdout) == bool(code)
