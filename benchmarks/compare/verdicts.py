"""The verdict on two commits: pure functions of what asv measured in paired rounds.

Everything is "lower is better": seconds, bytes, costs relative to the calibration loop. A
benchmark is slower only if its best value over the steady rounds says so by more than a ratio and
an absolute amount, and every one of those rounds, its ratio divided by the calibration's, says so
by at least half of it: a planted slowdown shows in each round, a disturbance does not.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final, Literal

from benchmarks.compare.asv_results import Value, function_name

CALIBRATION: Final = "time_calibration"
"""Last part of the name of a calibration benchmark: a loop that no commit of the project changes,
one in each topic, so that it runs beside what it judges."""

Verdict = Literal[
    "slower",
    "faster",
    "same",
    "failed",
    "missing",
    "unsteady",
    "no base",
    "new",
    "removed",
    "skipped",
]

UNMEASURED: Final[Set[Verdict]] = frozenset({"failed", "missing", "unsteady", "no base"})
"""Verdicts that forbid to say that nothing is slower."""

COMPARED: Final[Set[Verdict]] = frozenset({"slower", "faster", "same"})

EXACT_UNITS: Final = frozenset({"bytes a row"})
"""Units of figures that the code alone decides: the same each time, on every host."""

OK, REGRESSION, NOT_MEASURED = 0, 1, 2
"""Exit codes."""


@dataclass(frozen=True, slots=True)
class Gates:
    """What a difference must exceed to count."""

    ratio: float = 1.2
    """Larger value over smaller one: best values over all steady rounds."""

    round_ratio: float = 1.1
    """The same within each steady round."""

    exact: float = 1.02
    """In place of both ratios, for a figure that no host and no moment changes."""

    seconds: float = 0.005
    """Absolute difference of a time."""

    bytes: float = 16 * 2**20
    """Absolute difference of a size in memory or on disk."""

    drift: float = 1.25
    """Ratio of the calibrations of a round, either way, beyond which the host changed and the times
    of that round do not count."""

    def ratios(self, unit: str) -> tuple[float, float]:
        """The gates of a unit: over all rounds, and within each."""
        return (self.exact, self.exact) if unit in EXACT_UNITS else (self.ratio, self.round_ratio)

    def absolute(self, unit: str) -> float:
        """The absolute gate of a unit; 0 for relative ones."""
        return {"seconds": self.seconds, "bytes": self.bytes}.get(unit, 0.0)


@dataclass(frozen=True, slots=True)
class Round:
    """Both commits, measured one right after the other."""

    base: Mapping[str, Value]
    """Benchmark to value at BASE."""

    head: Mapping[str, Value]
    """Benchmark to value at HEAD."""


@dataclass(frozen=True, slots=True)
class Suites:
    """Which benchmarks each revision's own suite has, with parameters."""

    base: Set[str]
    """In BASE's suite."""

    head: Mapping[str, str]
    """In HEAD's suite, with their units: the suite that ran on both commits."""

    removed: Set[str] = frozenset()
    """Named in ``removed.txt``: with parameters, or without for all of them."""

    def is_removed(self, key: str) -> bool:
        """Was its removal meant?"""
        return key in self.removed or function_name(key) in self.removed


@dataclass(frozen=True, slots=True)
class Judged:
    """One line of the report."""

    name: str
    """Benchmark, with parameters."""

    unit: str
    """``seconds``, ``bytes`` or what a ``track_`` states."""

    before: float | None
    """Best value at BASE."""

    after: float | None
    """Best value at HEAD."""

    ratio: float | None
    """``after / before``."""

    verdict: Verdict
    """What it means."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole verdict."""

    lines: tuple[Judged, ...]
    """All benchmarks of both suites, those that need attention first."""

    drifts: tuple[float | None, ...]
    """For each round, the median ratio of the calibrations; None where none ran."""

    def count(self, *verdicts: Verdict) -> int:
        """Number of lines with one of these verdicts."""
        return sum(line.verdict in verdicts for line in self.lines)

    @property
    def headline(self) -> str:
        """``N benchmarks ran, M slower, K faster, L failed``."""
        ran = sum(line.after is not None and line.verdict not in UNMEASURED for line in self.lines)
        return (
            f"{ran} benchmarks ran, {self.count('slower')} slower, "
            f"{self.count('faster')} faster, {self.count(*UNMEASURED)} failed"
        )

    @property
    def exit_code(self) -> int:
        """0: nothing is slower. 1: something is. 2: that could not be told."""
        if self.count(*UNMEASURED) or not self.count(*COMPARED):
            return NOT_MEASURED
        return REGRESSION if self.count("slower") else OK


_ORDER: Final[Sequence[Verdict]] = (
    *("failed", "missing", "no base", "unsteady", "slower", "faster"),
    *("new", "removed", "skipped", "same"),
)


def judge(rounds: Sequence[Round], suites: Suites, gates: Gates | None = None) -> Comparison:
    """Judge every benchmark of both suites by ``rounds``."""
    gates = gates or Gates()
    keys = sorted(suites.base | set(suites.head))
    lines = [_judge_one(key, rounds, suites, gates) for key in keys if not _is_calibration(key)]
    lines += [
        Judged(key, suites.head.get(key, ""), None, None, None, "failed")
        for key in filter(_is_calibration, keys)
        if any(round_.head.get(key) == "failed" for round_ in rounds)
    ]
    lines.sort(key=lambda line: (_ORDER.index(line.verdict), -(line.ratio or 0.0), line.name))
    return Comparison(
        tuple(lines), tuple(_drift(round_, _calibrations(round_)) for round_ in rounds)
    )


def _judge_one(key: str, rounds: Sequence[Round], suites: Suites, gates: Gates) -> Judged:
    unit = suites.head.get(key, "")
    if key not in suites.head:
        verdict: Verdict = "removed" if suites.is_removed(key) else "missing"
        return Judged(key, unit, None, None, None, verdict)
    at_head = [round_.head.get(key, "failed") for round_ in rounds]
    at_base = [round_.base.get(key, "failed") for round_ in rounds]
    after, before = _best(at_head), _best(at_base)
    if not at_head or "failed" in at_head:
        return Judged(key, unit, before, None, None, "failed")
    if "skipped" in at_head:
        verdict = "skipped" if before is None else "missing"
        return Judged(key, unit, before, None, None, verdict)
    usable = [r for r, value in zip(rounds, at_base, strict=True) if isinstance(value, float)]
    if key not in suites.base or (not usable and _is_meant(key, at_base, suites)):
        return Judged(key, unit, None, after, None, "new")
    if not usable:
        return Judged(key, unit, None, after, None, "no base")
    return _compare(key, unit, usable, gates, needed=min(2, len(rounds)))


def _is_meant(key: str, at_base: Sequence[Value], suites: Suites) -> bool:
    """Was it said that BASE cannot run this: by the benchmark, or in ``removed.txt``?"""
    return suites.is_removed(key) or set(at_base) == {"skipped"}


def _compare(key: str, unit: str, rounds: Sequence[Round], gates: Gates, needed: int) -> Judged:
    pairs: list[tuple[float, float]] = []
    paired: list[float] = []
    for round_ in rounds:
        drift = _topic_drift(round_, key) if unit == "seconds" else 1.0
        if 1 / gates.drift <= drift <= gates.drift:
            pairs.append((_number(round_.base[key]), _number(round_.head[key])))
            paired.append(_ratio(pairs[-1][1], pairs[-1][0]) / drift)
    if len(pairs) < needed:
        return Judged(key, unit, None, None, None, "unsteady")
    before = min(base for base, _ in pairs)
    after = min(head for _, head in pairs)
    ratio = _ratio(after, before)
    whole, each = gates.ratios(unit)
    verdict: Verdict = "same"
    if abs(after - before) > gates.absolute(unit):
        if ratio > whole and min(paired) > each:
            verdict = "slower"
        elif ratio < 1 / whole and max(paired) < 1 / each:
            verdict = "faster"
    return Judged(key, unit, before, after, ratio, verdict)


def _topic_drift(round_: Round, key: str) -> float:
    """How much slower the calibration of this benchmark's topic ran at HEAD.

    Without one in the topic, those of the others stand for it; without any there is no telling,
    and the host passes for steady.
    """
    calibrations = _calibrations(round_)
    topic = key.partition(".")[0]
    own = [name for name in calibrations if name.partition(".")[0] == topic]
    drift = _drift(round_, own or calibrations)
    return 1.0 if drift is None else drift


def _drift(round_: Round, calibrations: Sequence[str]) -> float | None:
    ratios = [
        _ratio(_number(round_.head[name]), _number(round_.base[name])) for name in calibrations
    ]
    return statistics.median(ratios) if ratios else None


def _calibrations(round_: Round) -> list[str]:
    """Calibrations that were measured at both commits."""
    return [
        name
        for name, value in round_.head.items()
        if _is_calibration(name)
        and isinstance(value, float)
        and isinstance(round_.base.get(name), float)
    ]


def _is_calibration(key: str) -> bool:
    return function_name(key).rpartition(".")[2] == CALIBRATION


def _best(values: Iterable[Value]) -> float | None:
    return min((value for value in values if isinstance(value, float)), default=None)


def _number(value: Value) -> float:
    assert isinstance(value, float), value
    return value


def _ratio(after: float, before: float) -> float:
    if before == 0:
        return 1.0 if after == 0 else float("inf")
    return after / before
