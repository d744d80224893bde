"""``python -m benchmarks.compare --base REV``: a Markdown report, and an exit code to gate on."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.compare.asv_results import AsvFileError
from benchmarks.compare.asv_tool import MeasureError, Project
from benchmarks.compare.report import markdown
from benchmarks.compare.rounds import Plan, compare
from benchmarks.compare.verdicts import NOT_MEASURED

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Compare HEAD with a revision; 0: not slower, 1: slower, 2: could not be told."""
    options = _parse()
    if options.quick:
        os.environ["TICKLOOM_BENCH_QUICK"] = "1"
    project = Project(ROOT, ROOT / ".asv")
    _warn_of_changes()
    try:
        plan = Plan(
            base=project.commit(options.base),
            head=project.commit(options.head),
            bench=options.bench,
            rounds=options.rounds,
        )
        comparison = compare(project, plan, _tell)
    except (MeasureError, AsvFileError) as error:
        print(f"bench-compare: nothing was compared: {error}", file=sys.stderr)
        return NOT_MEASURED
    text = markdown(comparison, options.base, options.head, plan.gates)
    print(text)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, "utf-8")
    _tell(f"the report is in {options.out}, asv's results and logs in {project.work / 'rounds'}")
    return comparison.exit_code


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("--base", required=True, help="revision to compare with")
    parser.add_argument("--head", default="HEAD", help="revision to judge (default: HEAD)")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default: 3)")
    parser.add_argument(
        "--bench", action="append", default=[], type=_regex, help="regular expression; repeat"
    )
    parser.add_argument("--quick", action="store_true", help="smaller data, for a pull request")
    parser.add_argument(
        "--out", type=Path, default=ROOT / ".asv" / "report.md", help="where the report goes"
    )
    return parser.parse_args()


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from error
    return text


def _warn_of_changes() -> None:
    done = subprocess.run(
        ["git", "status", "--porcelain", "--", ":!benchmarks"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    if done.stdout:
        _tell("uncommitted changes outside benchmarks/ are not measured: asv builds commits")


def _tell(line: str) -> None:
    print(f"bench-compare: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
