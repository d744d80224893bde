"""Has asv measure two commits in turn, round after round, and judges them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.compare.asv_results import function_name
from benchmarks.compare.asv_tool import AsvRun, MeasureError, Project
from benchmarks.compare.verdicts import CALIBRATION, Comparison, Gates, Round, Suites, judge


@dataclass(frozen=True, slots=True)
class Question:
    """What to compare, and how hard to look."""

    base: str
    """Full hash of the older commit."""

    head: str
    """Full hash of the newer commit."""

    bench: Sequence[str] = ()
    """Regular expressions that select benchmarks; none selects all."""

    rounds: int = 3
    """Rounds; in each, both commits run the selection."""

    extra_rounds: int = 2
    """Further rounds while the host is too unsteady to judge some benchmark."""

    gates: Gates = field(default_factory=Gates)
    """What counts as a difference."""


def compare(project: Project, question: Question, tell: Callable[[str], None]) -> Comparison:
    """Measure both commits of ``question`` and judge them; ``tell`` gets a line at a time.

    Raises :class:`~benchmarks.compare.asv_tool.MeasureError` where asv cannot run at all.
    """
    results = project.work / "rounds"
    shutil.rmtree(results, ignore_errors=True)
    suites = _suites(project, question, results, tell)
    bench = with_calibrations(question.bench, suites.head)
    rounds: list[Round] = []
    comparison = judge(rounds, suites, question.gates)
    for number in range(question.rounds + question.extra_rounds):
        if number >= question.rounds and not comparison.count("unsteady"):
            break
        tell(f"round {number + 1}: both commits run the suite")
        place = results / f"{number + 1}"
        rounds.append(_round(project, question, bench, place, head_first=number % 2 == 1))
        comparison = judge(rounds, suites, question.gates)
        tell(comparison.headline)
    return comparison


def _round(
    project: Project, question: Question, bench: Sequence[str], results: Path, head_first: bool
) -> Round:
    """One round; who runs first changes, so that a steady drift of the host evens out."""
    asv = AsvRun(project, results, project.root / "benchmarks")
    if head_first:
        head, base = asv.measure([question.head, question.base], bench)
    else:
        base, head = asv.measure([question.base, question.head], bench)
    return Round(base, head)


def _suites(
    project: Project, question: Question, results: Path, tell: Callable[[str], None]
) -> Suites:
    """Both revisions' benchmarks: each suite is imported beside its own commit."""
    removed = read_removed(project.root / "benchmarks" / "removed.txt")
    tell("building both commits and listing their benchmarks")
    head = AsvRun(project, results / "head-suite", project.root / "benchmarks").discover(
        question.head
    )
    base: Mapping[str, str] = {}
    suite = project.suite_of(question.base, results / "base-suite")
    if suite is not None:
        base = AsvRun(project, results / "base-list", suite).discover(question.base)
    selected = [re.compile(regex) for regex in question.bench]
    return Suites(
        base=_select(base, selected),
        head={key: head[key] for key in _select(head, selected)},
        removed=removed,
    )


def with_calibrations(bench: Sequence[str], selected: Iterable[str]) -> list[str]:
    """The expressions ``bench``, and those that add the calibrations of the selected topics."""
    if not bench:
        return []
    topics = sorted({key.partition(".")[0] for key in selected})
    return [*bench, *(rf"^{re.escape(topic)}\..*\b{CALIBRATION}$" for topic in topics)]


def _select(keys: Mapping[str, str], selected: Sequence[re.Pattern[str]]) -> set[str]:
    """Those that asv would run for these expressions."""
    return {
        key
        for key in keys
        if not selected
        or any(regex.search(key) or regex.search(function_name(key)) for regex in selected)
    }


def read_removed(path: Path) -> Set[str]:
    """The names in ``removed.txt``; comments start with ``#``."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise MeasureError(
            f"expected the names of removed benchmarks in {path}, found {error.strerror}; "
            "an empty file says that none was removed"
        ) from error
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return frozenset(line for line in lines if line)
