"""``python -m benchmarks.compare --base REV``: a Markdown report, and an exit code to gate on."""

from __future__ import annotations

import argparse
import os
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from benchmarks.compare.asv_results import AsvFileError
from benchmarks.compare.asv_tool import MeasureError, Project
from benchmarks.compare.report import conclusion, markdown, not_measured
from benchmarks.compare.rounds import Question, compare
from benchmarks.compare.verdicts import NOT_MEASURED, Comparison

ROOT: Final = Path(__file__).parents[2]
REPORT: Final = Path(".asv", "report.md")
"""Where the report goes, below the root."""


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Compare HEAD of the clone ``root`` with a revision; 0: not slower, 1: slower, 2: could not
    be told. Whatever happens, the report is of this comparison, never of an older one."""
    out = root / REPORT
    try:
        options = _parser(out).parse_args(arguments)
        out = options.out
        _write(out, not_measured("the comparison was started, and has not come to its end"))
        question, comparison = _compared(options, root)
        text = markdown(comparison, options.base, options.head, question.gates)
        code, outcome = comparison.exit_code, conclusion(comparison)
    except (MeasureError, AsvFileError) as error:
        text, code, outcome = not_measured(str(error)), NOT_MEASURED, f"not measured: {error}"
    except Exception as error:
        # Python would end with 1, which says that something is slower.
        traceback.print_exc()
        reason = f"the comparison itself failed: {type(error).__name__}: {error}"
        text, code, outcome = not_measured(reason), NOT_MEASURED, f"not measured: {reason}"
    print(text)
    try:
        _write(out, text)
    except MeasureError as error:
        code, outcome = NOT_MEASURED, f"{outcome}; and {error}"
    _tell(f"exit code {code}: {outcome}")
    return code


def _compared(options: argparse.Namespace, root: Path) -> tuple[Question, Comparison]:
    if options.quick:
        os.environ["TICKLOOM_BENCH_QUICK"] = "1"
    if not options.base:
        raise MeasureError(
            "expected a revision to compare with, found none; give it by --base <revision>, "
            "or in make bench-compare BASE=<revision>"
        )
    project = Project(root, root / ".asv")
    if project.has_changes():
        _tell("uncommitted changes outside benchmarks/ are not measured: asv builds commits")
    question = Question(
        base=project.commit(options.base),
        head=project.commit(options.head),
        bench=options.bench,
        rounds=options.rounds,
    )
    comparison = compare(project, question, _tell)
    _tell(f"the report is in {options.out}, asv's results and logs in {project.work / 'rounds'}")
    return question, comparison


class _Parser(argparse.ArgumentParser):
    """A wrong option is a comparison that did not measure, and its report says so."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        raise MeasureError(message)


def _parser(out: Path) -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("--base", default="", help="revision to compare with")
    parser.add_argument("--head", default="HEAD", help="revision to judge (default: HEAD)")
    parser.add_argument("--rounds", default=3, type=_rounds, help="interleaved rounds (default: 3)")
    parser.add_argument(
        "--bench", action="append", default=[], type=_regex, help="regular expression; repeat"
    )
    parser.add_argument("--quick", action="store_true", help="smaller data, for a pull request")
    parser.add_argument("--out", type=Path, default=out, help="where the report goes")
    return parser


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of rounds from 1, found {text!r}")
    return int(text)


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from error
    return text


def _write(out: Path, text: str) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, "utf-8")
    except OSError as error:
        raise MeasureError(
            f"expected {out} to be a file that can be written, found {error.strerror}; "
            "say with --out where the report goes"
        ) from error


def _tell(line: str) -> None:
    print(f"bench-compare: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
