"""A whole comparison over recorded results: what asv is asked for, rounds, reports, exit codes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.benchmarks.replayed_clone import Clone, git

from benchmarks.compare import __main__ as command
from benchmarks.compare.__main__ import main
from benchmarks.compare.asv_tool import MeasureError, Project
from benchmarks.compare.selftest import KERNEL, PLANT, ROOT
from benchmarks.compare.verdicts import Comparison

LOOPS = ["loops.Loops.time_loop(1)", "loops.Loops.time_loop(2)"]
HEADLINE = r"## \d+ benchmarks ran, \d+ slower, \d+ faster, \d+ failed"


def _commits(call: dict[str, Any]) -> list[str]:
    return Path(call["argv"][-1].removeprefix("HASHFILE:")).read_text().split()


def test_rounds_run_both_commits_in_turn_and_change_who_is_first(clone: Clone) -> None:
    clone.replay(*[("base", "same")] * 3)
    comparison = clone.compare()
    measured = clone.calls("measure")
    assert [_commits(call) for call in measured] == [
        [clone.base, clone.head],
        [clone.head, clone.base],
        [clone.base, clone.head],
    ]
    assert len({call["config"]["results_dir"] for call in measured}) == 3
    assert len(comparison.drifts) == 3
    assert comparison.headline == "5 benchmarks ran, 0 slower, 0 faster, 0 failed"


def test_asv_is_asked_for_samples_of_the_working_trees_suite(clone: Clone, project: Path) -> None:
    clone.replay(("base", "same"))
    clone.compare(rounds=1, bench=["time_loop"])
    (call,) = clone.calls("measure")
    assert {"--record-samples", "--no-interleave-rounds", "--show-stderr"} <= set(call["argv"])
    asked = [b for a, b in zip(call["argv"], call["argv"][1:], strict=False) if a == "--bench"]
    assert asked == ["time_loop", r"^loops\..*\btime_calibration$"]
    assert call["config"]["benchmark_dir"] == str(clone.root / "benchmarks")
    assert call["config"]["repo"] == str(clone.root)
    assert call["config"]["env_dir"] == str(clone.root / ".asv" / "env")
    assert call["cache"] == str(clone.root / ".asv" / "kernels")
    pins = {"POLARS_MAX_THREADS": ["1"], "OMP_NUM_THREADS": ["1"], "NUMBA_NUM_THREADS": ["1"]}
    assert call["config"]["matrix"] == {"env_nobuild": pins}


def test_each_revisions_own_suite_is_discovered_beside_its_commit(clone: Clone) -> None:
    clone.replay(("base", "grown"))
    (clone.root / "benchmarks" / "case.txt").write_text("grown")
    comparison = clone.compare(rounds=1)
    head, base = clone.calls("discover")
    assert [_commits(head), _commits(base)] == [[clone.head], [clone.base]]
    assert head["config"]["benchmark_dir"] == str(clone.root / "benchmarks")
    unpacked = Path(base["config"]["benchmark_dir"])
    assert (unpacked / "case.txt").read_text() == "base"
    assert {line.name: line.verdict for line in comparison.lines}["loops.time_new"] == "new"


def test_further_rounds_run_only_while_something_is_unsteady(clone: Clone) -> None:
    clone.replay(("base", "same"), ("base", "drifted"), ("base", "same"))
    assert clone.compare(rounds=2).exit_code == 0
    assert len(clone.calls("measure")) == 3


def test_a_host_that_stays_unsteady_ends_after_the_extra_rounds(clone: Clone) -> None:
    clone.replay(*[("base", "drifted")] * 4)
    assert clone.compare(rounds=2).exit_code == 2
    assert len(clone.calls("measure")) == 4


def test_a_selection_is_judged_alone(clone: Clone) -> None:
    clone.replay(("base", "slow"))
    comparison = clone.compare(rounds=1, bench=[r"time_loop\(1\)"])
    assert [line.name for line in comparison.lines] == LOOPS[:1]


def test_results_of_an_older_comparison_are_not_read(clone: Clone) -> None:
    clone.replay(("base", "slow"))
    assert clone.compare(rounds=1).exit_code == 1
    clone.replay((None, None))
    comparison = clone.compare(rounds=1)
    assert comparison.exit_code == 2
    assert comparison.headline == "0 benchmarks ran, 0 slower, 0 faster, 5 failed"


@pytest.mark.parametrize(
    ("case", "code", "counts"),
    [
        ("same", 0, "5 benchmarks ran, 0 slower, 0 faster, 0 failed"),
        ("fast", 0, "5 benchmarks ran, 0 slower, 3 faster, 0 failed"),
        ("slow", 1, "5 benchmarks ran, 2 slower, 0 faster, 0 failed"),
        ("raises", 2, "4 benchmarks ran, 0 slower, 0 faster, 1 failed"),
        (None, 2, "0 benchmarks ran, 0 slower, 0 faster, 5 failed"),
    ],
)
def test_exit_codes_and_reports(
    clone: Clone, capsys: pytest.CaptureFixture[str], case: str | None, code: int, counts: str
) -> None:
    clone.replay(("base", case))
    assert main(["--base", clone.base, "--rounds", "1"], clone.root) == code
    printed = capsys.readouterr()
    assert printed.out.strip() == clone.report.strip()
    assert clone.report.startswith(f"## {counts}\n\nExit code {code}: ")
    assert f"bench-compare: exit code {code}: " in printed.err.splitlines()[-1]


def test_a_base_that_cannot_be_built_is_not_measured(clone: Clone) -> None:
    clone.replay((None, "same"))
    assert main(["--base", clone.base, "--rounds", "1"], clone.root) == 2
    assert clone.report.startswith("## 0 benchmarks ran, 0 slower, 0 faster, 5 failed")
    assert clone.report.count("**no base**") == 5 + 1


def test_the_quick_suite_is_asked_for_by_the_environment(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def compared(*arguments: object) -> Comparison:
        seen.append(os.environ["TICKLOOM_BENCH_QUICK"])
        return Comparison((), ())

    monkeypatch.setattr(command, "compare", compared)
    for options in ([], ["--quick"]):
        main(["--base", clone.base, *options], clone.root)
    assert seen == ["", "1"]


OLD = "## 99 benchmarks ran, 0 slower, 0 faster, 0 failed\n"


@pytest.mark.parametrize(
    ("spoil", "arguments", "why"),
    [
        ("", ["--base", "nowhere"], "expected a revision of .*, found 'nowhere'"),
        ("", ["--base", ""], "expected a revision to compare with, found none; give it by --base"),
        ("", [], "expected a revision to compare with, found none; give it by --base"),
        ("", ["--basis", "HEAD~1"], "unrecognized arguments: --basis"),
        (
            "",
            ["--base", "HEAD~1", "--rounds", "0"],
            "expected a number of rounds from 1, found '0'",
        ),
        ("", ["--base", "HEAD~1", "--bench", "("], r"'\(' is no regular expression"),
        ("removed", ["--base", "HEAD~1"], "expected the names of removed benchmarks in .*removed"),
        ("config", ["--base", "HEAD~1"], "expected asv's configuration in .*asv.conf.json"),
        ("git", ["--base", "HEAD~1"], "expected .* to be a clone of the project's, found none"),
        ("no git", ["--base", "HEAD~1"], "git was not found; install it"),
        ("asv", ["--base", "HEAD~1"], "asv exited with 1; the end of .*asv.log:"),
        ("format", ["--base", "HEAD~1"], "expected asv's file format 2, found 1"),
    ],
)
def test_whatever_keeps_it_from_measuring_gives_2_and_a_report_of_its_own(
    clone: Clone,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    spoil: str,
    arguments: list[str],
    why: str,
) -> None:
    clone.replay(1)
    _spoil(clone, spoil, monkeypatch)
    (clone.root / ".asv").mkdir()
    (clone.root / ".asv" / "report.md").write_text(OLD)
    assert main(arguments, clone.root) == 2
    assert re.match(HEADLINE, clone.report)
    assert clone.report.startswith("## 0 benchmarks ran")
    assert re.search(f"Exit code 2: not measured: .*{why}", clone.report)
    printed = capsys.readouterr().err
    assert re.search(f"bench-compare: exit code 2: not measured: .*{why}", printed)
    assert "Traceback" not in printed


def _spoil(clone: Clone, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if what == "removed":
        (clone.root / "benchmarks" / "removed.txt").unlink()
    elif what == "config":
        (clone.root / "asv.conf.json").write_text("{")
    elif what == "git":
        (clone.root / ".git").rename(clone.root / "no-git")
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(clone.root.parent))
    elif what == "no git":
        monkeypatch.setenv("PATH", str(clone.root))
    elif what == "format":
        clone.replay(("base", "same"))
        recorded = clone.root / "recorded" / "same"
        recorded.mkdir(parents=True)
        (recorded / "benchmarks.json").write_text('{"version": 1}')
        monkeypatch.setenv("FAKE_ASV_RECORDED", str(recorded.parent))


def test_a_later_round_that_fails_is_not_passed_over(clone: Clone) -> None:
    clone.replay(("base", "same"), 1)
    assert main(["--base", clone.base, "--rounds", "2"], clone.root) == 2
    assert "fake asv: nothing works today" in clone.report


def test_an_error_of_the_comparison_itself_is_no_regression(
    clone: Clone, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> Comparison:
        raise subprocess.CalledProcessError(3, ["uv", "sync"])

    monkeypatch.setattr(command, "compare", broken)
    assert main(["--base", clone.base], clone.root) == 2
    assert "the comparison itself failed: CalledProcessError: Command '['uv'," in clone.report
    assert "Traceback" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_noticed_before_anything_runs(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.replay(("base", "same"))
    (clone.root / "file").write_text("")
    options = ["--base", clone.base, "--out", str(clone.root / "file" / "report.md")]
    assert main(options, clone.root) == 2
    assert "report.md to be a file that can be written, found" in capsys.readouterr().err
    assert not (clone.root / "calls.jsonl").exists()


def test_while_it_runs_the_report_says_that_it_does(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comparison that is killed leaves no older report behind."""
    (clone.root / ".asv").mkdir()
    (clone.root / ".asv" / "report.md").write_text(OLD)

    def killed(*args: object) -> Comparison:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "compare", killed)
    with pytest.raises(KeyboardInterrupt):
        main(["--base", clone.base], clone.root)
    assert "not measured: the comparison was started, and has not come to its end" in clone.report


def test_a_commit_without_a_suite_has_no_benchmarks(clone: Clone) -> None:
    git(clone.root, "rm", "-q", "-r", "--cached", "benchmarks")
    git(clone.root, "commit", "-qm", "none")
    clone.base = git(clone.root, "rev-parse", "HEAD")
    clone.replay(("base", "same"))
    comparison = clone.compare(rounds=1)
    assert {line.verdict for line in comparison.lines} == {"new"}
    assert comparison.exit_code == 2


def test_a_revision_must_be_a_commit(clone: Clone) -> None:
    project = Project(clone.root, clone.root / ".asv")
    assert project.commit("HEAD~1") == clone.base
    with pytest.raises(MeasureError, match="in a shallow clone, fetch its history first"):
        project.commit("HEAD~7")


def test_the_line_that_the_self_test_slows_is_there() -> None:
    assert (ROOT / KERNEL).read_text(encoding="utf-8").count(PLANT[0]) == 1
