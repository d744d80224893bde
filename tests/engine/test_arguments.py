"""Arguments of a wrong type or value are refused before anything is read, by name, in one line;
whatever a caller may well mean is taken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from tests.engine.run_stores import MONDAY, TUESDAY, build, uneven_frame

import tickloom
from tickloom.engine.orders import FillModel
from tickloom.engine.request.resolve import costs_of, fill_of, filters_of, spread_of
from tickloom.engine.running.one_set import OneSet
from tickloom.engine.sweeping.many_sets import ManySets
from tickloom.errors import UsageError

NAN, INF = float("nan"), float("inf")
DAY = dt.date(2025, 8, 4)
NOON = dt.datetime(2025, 8, 4, 12)
LATENCY = r"latency must be a number of ticks, like 3 .*, or of milliseconds, like '250ms'"

WRONG: dict[str, tuple[str, list[Any]]] = {
    "kernel": ("kernel must be a kernel's name", [None, 3, b"ema-cross", len]),
    "store": ("store must be a path", [None, 3, b"store", ["store"]]),
    "params": (
        r"params must be a mapping .* like \{'fast': 5\}",
        [3, "fast=3", [("fast", 3)], ("fast",)],
    ),
    "underlyings": (
        "underlyings must be an underlying's name, like 'NIFTY', or several",
        [None, 5, [3], [None], b"NIFTY", {"NIFTY": 1}],
    ),
    "start": ("start must be a day", [20250804, 3.5, b"2025-08-04", ["2025-08-04"], NOON]),
    "end": ("end must be a day", [20250804, np.datetime64("2025-08-04"), NOON]),
    "expiry": ("expiry must be a day", [None, 3, [3], ["2025-08-28", None], [NOON]]),
    "strikes": (
        r"strikes (must be the lowest and the highest strike, like \(50000, 52000\)|are written)",
        [100, (), (100,), (100, 101, 102), "100-102", ("a", "b"), (None, 100), (NAN, NAN),
         (True, 102), {100, 102}],
    ),
    "right": ("unknown right .* expected CE", [3, ["CE"], "ce", ("CE", "PE"), ""]),
    "fill": ("unknown fill .* last, touch, depth", [None, 3, ["touch"], "Touch"]),
    "latency": (
        LATENCY,
        [2.5, -1, True, None, "", "2.5", "-3", "1s", "1e3", b"3", [3], "٣", 10**30, "9" * 5000,
         "86400001ms", "9999999999", dt.timedelta(seconds=1)],
    ),
    "stale_ms": (
        "stale_ms must be a number of milliseconds from 0 to 86,400,000",
        ["2000", None, NAN, INF, -1, True, [1], 1e30, 86_400_001],
    ),
    "costs": (
        r"costs must be|costs name 'fee' twice|a lot has from 1e-06 to 1,000,000,000 units",
        [None, 3, {"fee": 1}, b"nse", "", "fee", "fee=nan", "fee=1,fee=2", "nse,nse", "lot=0",
         "lot=1e-320", "lot=1e300", "nse,none"],
    ),
    "executor": ("executor must be an executor's name", [None, 3, ["threads"]]),
    "workers": (
        "workers must be a whole number, 1 or more", [0, -1, "2", 2.0, 1.5, NAN, True, [1]],
    ),
    "out": ("out must be a path", [3, b"out", True]),
    "hot": ("hot must be True, False or None", ["no", "false", 0, 1]),
    "progress": ("progress must be a function", [3, "x", True]),
    "announce": ("announce must be a function", [3]),
}  # fmt: skip

ONE_OF_EACH = [(name, message, each) for name, (message, all_) in WRONG.items() for each in all_]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = {MONDAY: uneven_frame(MONDAY, 71), TUESDAY: uneven_frame(TUESDAY, 72)}
    return build(tmp_path_factory.mktemp("arguments") / "store", frames)


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No kernel is loaded, let alone run."""

    def load(*_: object, **__: object) -> None:
        raise AssertionError("a kernel was loaded for arguments that cannot be meant")

    for inner in (OneSet, ManySets):
        monkeypatch.setattr(inner, "load", load)


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize("call", [tickloom.run, tickloom.sweep], ids=["run", "sweep"])
@pytest.mark.parametrize(
    ("name", "message", "value"), ONE_OF_EACH, ids=[f"{n}={v!r}"[:40] for n, _, v in ONE_OF_EACH]
)
def test_what_cannot_be_meant_is_refused_by_name(
    store: Path, call: Callable[..., Any], name: str, message: str, value: object
) -> None:
    given = {"kernel": "ema-cross", "store": store, name: value}
    if call is tickloom.sweep:
        given["grid"] = {"slow": [9, 21]}
    if name == "stale_ms":
        given["fill"] = "touch"
    with pytest.raises(UsageError, match=message) as refused:
        call(**given)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize("value", ["no", 1, None])
def test_a_log_is_wanted_or_not(store: Path, value: Any) -> None:
    with pytest.raises(UsageError, match="log must be True or False; found"):
        tickloom.run("ema-cross", store, log=value)


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (None, "grid must be a mapping"),
        ("fast=3", "grid must be a mapping"),
        ([("fast", [3])], "grid must be a mapping"),
        ({"fast": 3}, r"grid\['fast'\] must be several values, like \[3, 4\] or '3:10'; found 3"),
        ({"fast": None}, r"grid\['fast'\] must be several values"),
        ({"fast": b"3:4"}, r"grid\['fast'\] must be several values"),
        ({"fast": {"low": 3}}, r"grid\['fast'\] must be several values"),
        ({"fast": [None]}, "'fast' must be a whole number"),
        ({"fast": "1:inf"}, "grid values are written"),
        ({"fast": "nan:3"}, "grid values are written"),
        ({"fast": "1:1e12"}, "grid values '1:1e12' are more than 1,000,000; take larger steps"),
        ({"max_spread": "0:1:1e-30"}, "are more than 1,000,000"),
        ({"max_spread": [NAN]}, "'max_spread' must be a number; found 'nan'"),
    ],
)
def test_a_grid_that_cannot_be_meant_is_refused(store: Path, grid: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tickloom.sweep("ema-cross", store, grid=grid)


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**30, "1e19"])
def test_a_whole_number_that_no_kernel_can_hold_is_refused(store: Path, value: object) -> None:
    with pytest.raises(UsageError, match="'min_volume' must be a whole number of 64 bits; found"):
        tickloom.run("ema-cross", store, params={"min_volume": value})


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize("call", [tickloom.run, tickloom.sweep], ids=["run", "sweep"])
def test_a_folder_that_cannot_be_made_is_told_before_the_work(
    store: Path, call: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    given: dict[str, Any] = {"grid": {"slow": [9, 21]}} if call is tickloom.sweep else {}
    for out in (tmp_path / "file", tmp_path / "file" / "deeper" / "out"):
        with pytest.raises(UsageError, match=r"cannot write the results to .*file is not a folder"):
            call("ema-cross", store, out=out, **given)


@pytest.mark.parametrize(
    ("given", "model"),
    [
        (0, FillModel()),
        ("0", FillModel()),
        ("0ms", FillModel()),
        (2, FillModel(latency_ticks=2)),
        (np.int32(2), FillModel(latency_ticks=2)),
        (" 2 ", FillModel(latency_ticks=2)),
        (10**9, FillModel(latency_ticks=10**9)),
        ("250ms", FillModel(latency_ns=250_000_000)),
        ("2.5ms", FillModel(latency_ns=2_500_000)),
        ("86400000ms", FillModel(latency_ns=86_400 * 10**9)),
        ("0.0000001ms", FillModel(latency_ns=1)),
    ],
)
def test_latencies(given: Any, model: FillModel) -> None:
    assert fill_of("last", given, 0) == model


@pytest.mark.parametrize(
    "given", [0, 3, 10**9, "250ms", "2.5ms", "0.000001ms", "86399999.999999ms"]
)
def test_results_say_a_latency_as_it_is_given(given: Any) -> None:
    model = fill_of("last", given, 0)
    assert model.latency == str(given)
    assert fill_of("last", model.latency, 0) == model


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nse", "nse,brokerage=20"),
        ("nse, lot=10, fee=0", "nse,brokerage=20,lot=10"),
        ("nse,brokerage=0", "nse,brokerage=0"),
        ("lot=75,fee=1.50", "fee=1.5,lot=75"),
        ("fee=0", "brokerage=0"),
        ("fee=1e-7,lot=0.1", "fee=1e-07,lot=0.1"),
    ],
)
def test_results_say_costs_as_they_are_given(given: str, said: str) -> None:
    model = costs_of(given)
    assert str(model) == said
    assert costs_of(said) == model


@pytest.mark.parametrize(
    ("given", "ns"),
    [(0, 0), (2000, 2 * 10**9), (0.5, 500_000), (np.float32(0.25), 250_000), (1e-9, 1)],
)
def test_ages_of_quotes(given: float, ns: int) -> None:
    assert fill_of("touch", 0, given).stale_ns == ns


def test_filters_take_what_a_caller_has_at_hand() -> None:
    wanted = filters_of(["NIFTY"], "2025-08-04", DAY, ["2025-08-28"], (100.0, 102.0), "CE")
    stamp = dt.datetime(2025, 8, 4)
    expiry = pl.Series([dt.date(2025, 8, 28)])
    assert filters_of("nifty", stamp, "2025-08-04", expiry, np.array([100, 102]), "CE") == wanted  # type: ignore[arg-type]
    assert filters_of({"Nifty"}, DAY, stamp, "2025-08-28", [100, 102], "CE") == wanted  # type: ignore[arg-type]


def test_workers_may_be_an_integer_of_numpy() -> None:
    assert spread_of("threads", np.int64(3)).workers == 3  # type: ignore[arg-type]


class Wide(NamedTuple):
    scale: float = 1.0
    count: int = 1


def test_parameters_take_the_largest_numbers() -> None:
    from tickloom.engine.request.parameters import make_params
    from tickloom.specs import KernelSpec

    spec = KernelSpec(name="wide", kind="step", columns=("price",), params=Wide)
    assert make_params(spec, {"count": 2**63 - 1, "scale": INF}) == Wide(INF, 2**63 - 1)
    assert make_params(spec, {"count": np.int64(-(2**63)), "scale": 3}) == Wide(3.0, -(2**63))
