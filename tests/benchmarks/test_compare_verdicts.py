"""The verdict on recorded asv results; ``record_asv_results.py`` says how each was made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.compare.asv_results import AsvFileError, Value, read_results, read_units
from benchmarks.compare.report import markdown
from benchmarks.compare.verdicts import Comparison, Gates, Round, Suites, judge

RECORDED = Path(__file__).with_name("recorded")
LOOPS = {"loops.Loops.time_loop(1)", "loops.Loops.time_loop(2)"}
SLEEP = "loops.Sleeps.time_sleep"
ALL = {*LOOPS, SLEEP, "loops.track_cost", "loops.peakmem_block"}


def _results(case: str) -> dict[str, Value]:
    return read_results(RECORDED / case / "results.json")


def _units(case: str) -> dict[str, str]:
    return read_units(RECORDED / case / "benchmarks.json")


def _compare(*heads: str, base: str = "base", removed: frozenset[str] = frozenset()) -> Comparison:
    """``base`` against each of ``heads``, one a round; the suites are those recorded."""
    rounds = [Round(_results(base), _results(head)) for head in heads]
    return judge(rounds, Suites(set(_units(base)), _units(heads[0]), removed))


def _named(comparison: Comparison, verdict: str) -> set[str]:
    return {line.name for line in comparison.lines if line.verdict == verdict}


def test_identical_commits_are_the_same() -> None:
    comparison = _compare("same")
    assert _named(comparison, "same") == ALL
    assert comparison.exit_code == 0
    assert comparison.headline == "5 benchmarks ran, 0 slower, 0 faster, 0 failed"


def test_a_slowdown_is_flagged_and_it_alone() -> None:
    comparison = _compare("slow")
    assert _named(comparison, "slower") == LOOPS
    assert comparison.exit_code == 1
    assert comparison.headline == "5 benchmarks ran, 2 slower, 0 faster, 0 failed"
    assert comparison.lines[0].ratio == pytest.approx(1.5, rel=0.15)


def test_a_speedup_is_listed_and_passes() -> None:
    comparison = _compare("fast")
    assert _named(comparison, "faster") == {*LOOPS, "loops.track_cost"}
    assert comparison.exit_code == 0


def test_a_cost_and_a_peak_of_memory_are_judged_in_their_units() -> None:
    comparison = _compare("costly")
    assert _named(comparison, "slower") == {"loops.track_cost", "loops.peakmem_block"}
    gates = Gates(bytes=2**30)
    rounds = [Round(_results("base"), _results("costly"))]
    suites = Suites(set(_units("base")), _units("base"))
    assert _named(judge(rounds, suites, gates), "slower") == {"loops.track_cost"}


@pytest.mark.parametrize(
    ("head", "verdict"), [(40.5, "same"), (41.0, "slower"), (39.5, "same"), (39.0, "faster")]
)
def test_a_figure_that_no_host_changes_has_a_narrow_gate(head: float, verdict: str) -> None:
    """2 percent of the bytes on disk are a change of the code's; of a time they are noise."""
    for unit, wanted in (("bytes a row", verdict), ("times the documented time", "same")):
        suites = Suites({"pack.track_it"}, {"pack.track_it": unit})
        (line,) = judge([Round({"pack.track_it": 40.0}, {"pack.track_it": head})] * 2, suites).lines
        assert line.verdict == wanted, unit


def test_a_time_below_the_absolute_gate_is_no_regression() -> None:
    base = {"loops.time_short": 0.001, "loops.time_long": 1.0}
    head: dict[str, Value] = {"loops.time_short": 0.002, "loops.time_long": 2.0}
    suites = Suites(set(base), dict.fromkeys(base, "seconds"))
    comparison = judge([Round(base, head)], suites)
    assert _named(comparison, "slower") == {"loops.time_long"}


def test_a_benchmark_that_raises_is_not_measured() -> None:
    comparison = _compare("raises")
    assert _named(comparison, "failed") == {SLEEP}
    assert comparison.exit_code == 2
    assert comparison.headline == "4 benchmarks ran, 0 slower, 0 faster, 1 failed"


def test_a_benchmark_that_raises_at_both_commits_is_not_measured() -> None:
    """asv runs HEAD's suite on both commits: a broken benchmark is broken at BASE as well."""
    comparison = _compare("raises", base="raises")
    assert _named(comparison, "failed") == {SLEEP}
    assert comparison.exit_code == 2
    assert comparison.headline == "4 benchmarks ran, 0 slower, 0 faster, 1 failed"


def test_a_failure_in_one_round_counts() -> None:
    assert _compare("same", "raises", "same").exit_code == 2


def test_a_benchmark_skipped_at_head_alone_is_missing() -> None:
    comparison = _compare("skips")
    assert _named(comparison, "missing") == {SLEEP}
    assert comparison.exit_code == 2
    assert _named(_compare("skips", base="skips"), "skipped") == {SLEEP}


def test_a_new_benchmark_is_listed_and_not_gated() -> None:
    comparison = _compare("grown")
    assert _named(comparison, "new") == {"loops.time_new"}
    assert comparison.exit_code == 0
    assert comparison.headline.startswith("6 benchmarks ran")


def test_a_removed_benchmark_must_be_named() -> None:
    rounds = [Round(_results("same"), _results("base"))]
    suites = Suites(set(_units("grown")), _units("base"))
    comparison = judge(rounds, suites)
    assert _named(comparison, "missing") == {"loops.time_new"}
    assert comparison.exit_code == 2
    assert comparison.headline == "5 benchmarks ran, 0 slower, 0 faster, 1 failed"
    meant = judge(rounds, Suites(suites.base, suites.head, frozenset({"loops.time_new"})))
    assert _named(meant, "removed") == {"loops.time_new"}
    assert meant.exit_code == 0


def test_a_removal_may_name_one_parameter_or_all() -> None:
    head = {key: unit for key, unit in _units("base").items() if key not in LOOPS}
    rounds = [Round(_results("base"), _results("same"))]
    for removed, code in (
        ({"loops.Loops.time_loop"}, 0),
        (LOOPS, 0),
        ({"loops.Loops.time_loop(1)"}, 2),
        ({"loops.Loops"}, 2),
    ):
        suites = Suites(set(_units("base")), head, frozenset(removed))
        assert judge(rounds, suites).exit_code == code, removed


def test_a_benchmark_that_base_cannot_run_is_not_measured() -> None:
    """Else the suite of a topic could be rewritten so that nothing of it is compared any more."""
    comparison = _compare("base", base="raises")
    assert _named(comparison, "no base") == {SLEEP}
    assert comparison.exit_code == 2
    assert comparison.headline == "4 benchmarks ran, 0 slower, 0 faster, 1 failed"


def test_a_benchmark_that_base_cannot_run_may_be_named_as_one_that_starts_anew() -> None:
    meant = _compare("base", base="raises", removed=frozenset({SLEEP}))
    assert _named(meant, "new") == {SLEEP}
    assert meant.exit_code == 0
    assert meant.headline == "5 benchmarks ran, 0 slower, 0 faster, 0 failed"
    in_one_round = judge(
        [Round(_results("base"), _results("slow")), Round(_results("raises"), _results("slow"))],
        Suites(set(_units("base")), _units("base"), frozenset({SLEEP, *LOOPS})),
    )
    assert _named(in_one_round, "slower") == LOOPS, "what was measured is judged all the same"


def test_a_benchmark_that_says_that_base_cannot_run_it_is_new() -> None:
    comparison = _compare("base", base="skips")
    assert _named(comparison, "new") == {SLEEP}
    assert comparison.exit_code == 0


def test_a_benchmark_that_base_cannot_run_in_one_round_is_judged_by_the_others() -> None:
    fine, slow, raises = _results("base"), _results("slow"), _results("raises")
    suites = Suites(set(_units("base")), _units("base"))
    assert raises[SLEEP] == "failed"
    slower = {**fine, SLEEP: 3 * _number(fine[SLEEP])}
    three = judge([Round(fine, slower), Round(raises, slower), Round(fine, slower)], suites)
    assert _named(three, "slower") == {SLEEP}
    two = judge([Round(fine, slow), Round(raises, slow)], suites)
    assert _named(two, "unsteady") == {SLEEP}
    assert two.exit_code == 2


def test_a_calibration_that_fails_is_not_passed_over() -> None:
    name = "loops.Calibration.time_calibration"
    base: dict[str, Value] = {**_results("base"), name: 0.1}
    suites = Suites(set(base), {**_units("base"), name: "seconds"})
    comparison = judge([Round(base, {**base, name: "failed"})], suites)
    assert _named(comparison, "failed") == {name}
    assert comparison.exit_code == 2


def _number(value: Value) -> float:
    assert isinstance(value, float)
    return value


def test_nothing_measured_is_never_nothing_slower() -> None:
    units = _units("base")
    assert judge([], Suites(set(units), units)).exit_code == 2
    assert judge([], Suites(set(), {})).exit_code == 2
    assert judge([Round({}, {})], Suites(set(units), units)).exit_code == 2
    only_new = judge([Round({}, _results("base"))], Suites(set(), units))
    assert only_new.exit_code == 2
    assert only_new.headline == "5 benchmarks ran, 0 slower, 0 faster, 0 failed"


def test_a_drift_of_the_host_is_recognised() -> None:
    comparison = _compare("drifted")
    (drift,) = comparison.drifts
    assert drift is not None
    assert drift > 1.5
    assert _named(comparison, "slower") == set()
    assert _named(comparison, "unsteady") == {*LOOPS, SLEEP}
    assert comparison.exit_code == 2


def test_a_drifted_round_does_not_count_beside_steady_ones() -> None:
    comparison = _compare("same", "drifted", "same")
    assert _named(comparison, "same") == ALL
    assert comparison.exit_code == 0
    assert _named(_compare("slow", "drifted", "slow"), "slower") == LOOPS


def test_a_slowdown_that_the_calibration_shares_is_not_the_commits() -> None:
    names = ("loops.time_work", "loops.time_calibration")
    suites = Suites(set(names), dict.fromkeys(names, "seconds"))
    base: dict[str, Value] = dict(zip(names, (1.0, 0.1), strict=True))
    for work, calibration, verdict in ((1.25, 0.1, "slower"), (1.25, 0.1145, "same")):
        head: dict[str, Value] = dict(zip(names, (work, calibration), strict=True))
        (line,) = judge([Round(base, head)], suites).lines
        assert line.verdict == verdict


def test_a_topic_is_judged_by_its_own_calibration() -> None:
    names = ("a.time_work", "a.time_calibration", "b.time_work", "b.T.time_calibration")
    suites = Suites(set(names), dict.fromkeys(names, "seconds"))
    base: dict[str, Value] = dict.fromkeys(names, 1.0)
    head = base | {"a.time_work": 2.0, "b.time_work": 2.0, "b.T.time_calibration": 2.0}
    comparison = judge([Round(base, head)], suites)
    assert _named(comparison, "slower") == {"a.time_work"}
    assert _named(comparison, "unsteady") == {"b.time_work"}


@pytest.mark.parametrize(
    ("times", "verdict"),
    [
        ([(0.7, 1.0), (1.0, 1.0), (1.0, 1.0)], "same"),  # one lucky round at BASE
        ([(0.7, 1.0), (0.9, 1.2), (0.8, 1.1)], "slower"),
        ([(0.7, 1.0), (0.9, 1.2), (1.1, 1.1)], "same"),  # not in every round
        ([(1.0, 0.7), (1.2, 0.9), (1.1, 0.8)], "faster"),
        ([(1.0, 0.7), (1.2, 0.9), (1.1, 1.1)], "same"),
    ],
)
def test_every_round_must_agree(times: list[tuple[float, float]], verdict: str) -> None:
    suites = Suites({"a.time_work"}, {"a.time_work": "seconds"})
    rounds = [Round({"a.time_work": base}, {"a.time_work": head}) for base, head in times]
    (line,) = judge(rounds, suites).lines
    assert line.verdict == verdict


def test_one_steady_round_of_several_is_not_enough() -> None:
    assert _named(_compare("same", "drifted", "drifted"), "unsteady") == {*LOOPS, SLEEP}
    assert _named(_compare("same"), "same") == ALL


def test_the_report_lists_what_needs_attention_first() -> None:
    text = markdown(_compare("slow"), "v1", "v2", Gates())
    lines = text.splitlines()
    assert lines[0] == "## 5 benchmarks ran, 2 slower, 0 faster, 0 failed"
    table = [line for line in lines if line.startswith("|")]
    assert table[0] == "| benchmark | before | after | ratio | verdict |"
    assert all("**slower**" in line for line in table[2:4])
    assert len(table) == 2 + len(ALL)
    assert "the host was steady" in text


def test_the_report_tells_of_a_drift_and_of_failures() -> None:
    assert "**the host drifted in 1 of them**" in markdown(_compare("drifted"), "a", "b", Gates())
    assert "- **failed**: raised" in markdown(_compare("raises"), "a", "b", Gates())
    bare = judge([Round({}, {})], Suites(set(), {}))
    assert "No calibration ran" in markdown(bare, "a", "b", Gates())


def test_a_file_that_asv_did_not_write_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    with pytest.raises(AsvFileError, match="expected a JSON file of asv's"):
        read_results(file)
    file.write_text(json.dumps({"version": 3}))
    with pytest.raises(AsvFileError, match="expected asv's file format 2, found 3"):
        read_results(file)
