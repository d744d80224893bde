"""The underlying beside option ticks, against the oracle: no value from the tick's own moment or
later, whatever the series lacks."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.frames.underlying_stores import (
    EXPIRIES,
    MONDAY,
    TUESDAY,
    build,
    opening,
    option_ticks,
    series_ticks,
)
from tests.oracles.underlying import Tick, forward_value, series_value, six_columns

import tickloom
from tickloom import UsageError
from tickloom.store.layout import PartitionKey

SIX = (
    *("spot_price", "distance_from_spot", "moneyness_pct"),
    *("intrinsic_value", "time_value", "mid_price"),
)
STALE = [None, dt.timedelta(milliseconds=500), dt.timedelta(seconds=3)]


def same(found: Iterable[float], expected: Iterable[float]) -> bool:
    """The same floats bit by bit, but for the NaNs' own bits and the sign of zero."""
    return all(
        a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(found, expected, strict=True)
    )


def stale_ms(stale: dt.timedelta | None) -> float:
    return 0 if stale is None else stale / dt.timedelta(milliseconds=1)


@pytest.mark.parametrize("stale", STALE, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_spot_and_the_six_columns(tmp_path: Path, seed: int, stale: dt.timedelta | None) -> None:
    rng = random.Random(seed)
    options = {key: option_ticks(rng, key) for key in (MONDAY, TUESDAY)}
    spot = series_ticks(rng, MONDAY)  # and none on Tuesday
    store = build(tmp_path / "s", options, {replace(MONDAY, instrument="spot"): spot})
    found = tickloom.open_store(store).ticks(
        with_underlying="spot", add=SIX, stale_ms=stale_ms(stale)
    )
    expected = [
        six_columns(tick, series_value(spot if key == MONDAY else [], tick.at, stale))
        for key, ticks in options.items()
        for tick in ticks
    ]
    assert found.height == len(expected)
    for name in SIX:
        assert found[name].null_count() == 0
        assert same(found[name], [row[name] for row in expected]), name
    known = [not math.isnan(row["spot_price"]) for row in expected]
    assert any(known)
    assert not all(known[: len(options[MONDAY])])
    assert not any(known[len(options[MONDAY]) :])


def test_the_future_is_the_one_that_expires_next(tmp_path: Path) -> None:
    rng = random.Random(5)
    passed, *ahead = (dt.date(2025, 7, 31), *EXPIRIES)
    options = option_ticks(rng, MONDAY)
    futures = {day: series_ticks(rng, MONDAY, day) for day in (passed, *ahead)}
    ticks = [tick for day in futures for tick in futures[day]]
    key = replace(MONDAY, instrument="future")
    store = tickloom.open_store(build(tmp_path / "s", {MONDAY: options}, {key: ticks}))
    found = store.ticks(with_underlying="future")["future_price"]
    assert same(found, [series_value(futures[ahead[0]], tick.at) for tick in options])
    assert store.ticks(instrument="future").height == len(ticks)
    near = store.ticks(instrument="future", expiry="nearest")
    assert near.height == len(futures[ahead[0]])
    assert set(near["expiry"]) == {ahead[0]}


@pytest.mark.parametrize("stale", STALE, ids=str)
@pytest.mark.parametrize("seed", range(6))
def test_the_forward(tmp_path: Path, seed: int, stale: dt.timedelta | None) -> None:
    rng = random.Random(100 + seed)
    options = option_ticks(rng, MONDAY, per_contract=rng.choice([3, 25, 60]))
    store = tickloom.open_store(build(tmp_path / "s", {MONDAY: options}, {}))
    found = store.ticks(with_underlying="forward", stale_ms=stale_ms(stale))["forward_price"]
    expected = [forward_value(options, expiry_of(t), t.at, stale) for t in options]
    assert same(found, expected)
    # What a filter leaves out still makes the forward.
    calls = store.ticks(with_underlying="forward", strikes="105", stale_ms=stale_ms(stale))
    kept = [value for value, tick in zip(expected, options, strict=True) if tick.strike == 105]
    assert same(calls["forward_price"], kept)


def test_interest_runs_to_the_settlement_by_the_calendar(tmp_path: Path) -> None:
    options = option_ticks(random.Random(9), MONDAY)
    store = tickloom.open_store(build(tmp_path / "s", {MONDAY: options}, {}))
    found = store.ticks(with_underlying="forward", rate=0.07)["forward_price"]
    settled = {day: dt.datetime.combine(day, dt.time(15, 30)) for day in EXPIRIES}
    expected = [
        forward_value(options, expiry_of(t), t.at, None, 0.07, settled[expiry_of(t)])
        for t in options
    ]
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=1e-14, nan_ok=True)
    without = store.ticks(with_underlying="forward")["forward_price"]
    assert not same(found, without)


def expiry_of(tick: Tick) -> dt.date:
    assert tick.expiry is not None
    return tick.expiry


def test_no_tick_sees_its_own_second_or_later(tmp_path: Path) -> None:
    at = opening(MONDAY)
    second = dt.timedelta(seconds=1)
    spot = [Tick(at, 10.0), Tick(at, 11.0), Tick(at + second, 12.0), Tick(at + 9 * second, 13.0)]
    moments = (at - second, at, at + second, at + second, at + 2 * second, at + 60 * second)
    options = [Tick(m, 1.0, None, None, EXPIRIES[0], "CE", 100.0) for m in moments]
    store = build(tmp_path / "s", {MONDAY: options}, {replace(MONDAY, instrument="spot"): spot})
    found = tickloom.open_store(store).ticks(with_underlying="spot")["spot_price"]
    assert same(found, [math.nan, math.nan, 11.0, 11.0, 12.0, 13.0])


@pytest.fixture
def store(tmp_path: Path) -> tickloom.Store:
    rng = random.Random(7)
    options = {key: option_ticks(rng, key) for key in (MONDAY, TUESDAY)}
    other = PartitionKey(MONDAY.date, "NIFTY", "spot")
    spots = {key: series_ticks(rng, key) for key in (replace(MONDAY, instrument="spot"), other)}
    return tickloom.open_store(build(tmp_path / "s", options, spots))


def test_selections_take_what_they_say(store: tickloom.Store) -> None:
    every = store.ticks()
    assert every.width == len(tickloom.STORED_COLUMNS)
    near = store.ticks(expiry="nearest", columns=["expiry", "price"])
    assert near.columns == ["expiry", "price"]
    assert set(near["expiry"]) == {EXPIRIES[0]}
    one = store.ticks(start=TUESDAY.date, expiry=EXPIRIES[1], strikes=(100, 100), right="PE")
    wanted = every.filter(
        (every["timestamp"].dt.date() == TUESDAY.date)
        & (every["expiry"] == EXPIRIES[1])
        & (every["strike"] == 100)
        & (every["opt_type"].cast(str) == "PE")
    )
    assert one.height == 40
    assert one.equals(wanted)
    assert [key for key, _ in store.frames()] == [MONDAY, TUESDAY]
    spot = store.ticks(instrument="spot", underlyings="nifty")
    assert spot.columns == ["timestamp", "price"]
    assert spot["price"].null_count()  # read as it is stored


Call = Callable[[tickloom.Store], Any]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda s: s.ticks(columns=["nothing"]), "has no column 'nothing'; it has: timestamp"),
        (lambda s: s.ticks(columns=[]), "columns must be names of columns, in a list"),
        (lambda s: s.ticks(expiry="2025-08-29"), "no contract with expiry 2025-08-29; the sel"),
        (lambda s: s.ticks(expiry="nearest", strikes="7"), "no contract of the nearest expiry"),
        (lambda s: s.ticks(strike=5), "unknown argument 'strike'; expected one of: underlyings"),
        (lambda s: s.ticks(instrument="bond"), "instrument must be 'option', 'spot' or 'future'"),
        (lambda s: s.ticks(instrument="spot"), "of one underlying make a frame; say which of BA"),
        (lambda s: s.ticks(instrument="future"), "has no future series; pack raw files of it fi"),
        (lambda s: s.ticks(instrument="spot", right="CE"), "strikes and right select options"),
        (lambda s: s.ticks(instrument="spot", expiry="nearest"), "expiry selects options and fu"),
        (lambda s: s.ticks(with_underlying="index"), "with_underlying must be 'spot', 'future'"),
        (lambda s: s.ticks(add=["delta"]), "cannot add a column 'delta'; expected some of: spot"),
        (lambda s: s.ticks(add=["time_value"]), "'time_value' is measured from the underlying"),
        (lambda s: s.ticks(with_underlying="spot", rate=0.1), "rate is for the forward"),
        (lambda s: s.ticks(with_underlying="forward", rate="7%"), "rate must be interest per ye"),
        (lambda s: s.ticks(stale_ms=5), "stale_ms limits the age of what with_underlying joins"),
        (
            lambda s: s.ticks(with_underlying="future", add=["spot_price"]),
            "gives the column 'future_price'; give with_underlying='spot'",
        ),
        (
            lambda s: s.ticks(instrument="spot", underlyings="NIFTY", add=["mid_price"]),
            "with_underlying and add are for options; found spot ticks",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(store: tickloom.Store, call: Call, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        call(store)


def test_a_middle_needs_no_underlying(store: tickloom.Store) -> None:
    found = store.ticks(columns=["price"], add=["mid_price"])
    assert found.columns == ["price", "mid_price"]
    assert 0 < found["mid_price"].is_nan().sum() < found.height
