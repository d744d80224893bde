"""Fixtures: a clone whose benchmarks are replayed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.benchmarks.replayed_clone import FAKE_ASV, Clone, git


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Path) -> Clone:
    root = tmp_path / "clone"
    suite = root / "benchmarks"
    suite.mkdir(parents=True)
    (root / "asv.conf.json").write_text((project / "asv.conf.json").read_text())
    (suite / "removed.txt").write_text("# none\n")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "tester")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "tester@example.org")
    monkeypatch.setenv("PYTHONPATH", str(FAKE_ASV))
    monkeypatch.setenv("FAKE_ASV", str(root))
    monkeypatch.setenv("TICKLOOM_BENCH_QUICK", "")
    git(root, "init", "-q")
    commits = []
    for text in ("base", "head"):
        # Recorded suites of the same benchmarks.
        (suite / "case.txt").write_text("base" if text == "base" else "same")
        git(root, "add", ".")
        git(root, "commit", "-qm", text)
        commits.append(git(root, "rev-parse", "HEAD"))
    return Clone(root, *commits)
