"""How many threads or processes work at the slices of a walk, and in which order they are told."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.engine.run_stores import MONDAY, MONDAY_NIFTY, TUESDAY, build, uneven_frame

import tickloom
from tickloom.engine.columns import slices as cutting
from tickloom.engine.request import resolve
from tickloom.engine.request.resolve import Spread
from tickloom.engine.running import walk
from tickloom.engine.running.ordered import AtOnce, OrderedResults
from tickloom.errors import PluginError
from tickloom.specs import ExecutorSpec

FRAMES = {key: uneven_frame(key, 31) for key in (MONDAY, MONDAY_NIFTY, TUESDAY)}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("walk") / "store", FRAMES)


class Started:
    """An executor of threads that notes how many it was asked for and who worked."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.doers: set[str] = set()

    def start(self, workers: int) -> ThreadPoolExecutor:
        self.asked.append(workers)
        return ThreadPoolExecutor(workers, thread_name_prefix="worker")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], Started]:
    """Puts an executor in the place of every other; tells whether it shares memory."""
    noted = Started()
    run_slice = walk.run_slice

    def noting(*arguments: Any) -> Any:
        noted.doers.add(threading.current_thread().name.partition("_")[0])
        return run_slice(*arguments)

    def use(shares_memory: bool) -> Started:
        spec = ExecutorSpec(
            name="noted", summary="", create=noted.start, shares_memory=shares_memory
        )
        monkeypatch.setattr(resolve, "spread_of", lambda *_: Spread(executor=spec, workers=2))
        monkeypatch.setattr(walk, "run_slice", noting)
        return noted

    return use


@pytest.mark.parametrize(
    ("shares_memory", "hot", "asked"),
    [(True, False, 3), (True, True, 2), (False, False, 2)],
    ids=["threads decode ahead", "nothing to decode", "processes"],
)
def test_one_thread_more_than_workers_where_slices_are_decoded(
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    started: Callable[[bool], Started],
    shares_memory: bool,
    hot: bool,
    asked: int,
) -> None:
    monkeypatch.setattr(cutting, "SMALLEST_SLICE", 20)
    noted = started(shares_memory)
    tickloom.run("ema-cross", store, workers=2, hot=hot)
    assert noted.asked == [asked]
    assert noted.doers == {"worker"}


@pytest.mark.parametrize(
    ("smallest", "shares_memory", "at_once"),
    [(100_000, True, True), (100_000, False, False), (20, True, False)],
    ids=["few rows", "few rows, but in a process", "many rows"],
)
def test_what_is_too_little_to_share_is_done_by_the_caller(
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    started: Callable[[bool], Started],
    smallest: int,
    shares_memory: bool,
    at_once: bool,
) -> None:
    monkeypatch.setattr(cutting, "SMALLEST_SLICE", smallest)
    noted = started(shares_memory)
    seen: list[tuple[int, int]] = []
    result = tickloom.run(
        "ema-cross", store, workers=2, progress=lambda done, total: seen.append((done, total))
    )
    assert noted.doers == {"MainThread" if at_once else "worker"}
    assert not noted.asked if at_once else noted.asked
    assert seen[-1] == (result.rows, result.rows)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


class Part:
    """A slice, as far as its place in the order goes."""

    def __init__(self, number: int, total: int) -> None:
        self.number, self.total = number, total


@pytest.mark.parametrize("window", [None, 1, 2, 5, 100])
@pytest.mark.parametrize("seed", range(5))
def test_results_come_in_order_however_slices_finish(window: int | None, seed: int) -> None:
    rng = random.Random(seed)
    parts: list[Any] = [Part(number, rng.randint(1, 9)) for number in range(20)]
    pending: list[tuple[Future[int], Part]] = []
    most = 0
    told: list[Part] = []

    def finish_one() -> None:
        future, part = pending.pop(rng.randrange(len(pending)))
        future.set_result(part.number)

    def submit(part: Any) -> Future[int]:
        nonlocal most
        future: Future[int] = Future()
        pending.append((future, part))
        most = max(most, len(pending))
        if window is not None and len(pending) == min(window, 20 - len(told)):
            finish_one()
        return future

    ordered: OrderedResults[int] = OrderedResults(
        submit, parts, window, done=told.append, deferred=()
    )
    if window is None:  # all are submitted before any is waited for
        submit_ahead = ordered._submit_ahead

        def submit_and_finish() -> None:
            submit_ahead()
            while pending:
                finish_one()

        ordered._submit_ahead = submit_and_finish  # type: ignore[method-assign]
    else:
        take = ordered._take_one

        def finish_and_take() -> None:
            if pending:
                finish_one()
            take()

        ordered._take_one = finish_and_take  # type: ignore[method-assign]
    assert [future.result() for future in ordered] == list(range(20)), f"seed {seed}"
    assert len(told) == 20
    assert most <= (window or 20)


def test_the_largest_slices_go_first_where_all_are_under_way() -> None:
    parts: list[Any] = [Part(0, 10), Part(1, 900), Part(2, 30), Part(3, 900)]
    submitted: list[int] = []

    def submit(part: Any) -> Future[int]:
        submitted.append(part.number)
        return AtOnce().submit(int, part.number)

    ordered: OrderedResults[int] = OrderedResults(
        submit, parts, None, done=lambda part: None, deferred=()
    )
    assert [future.result() for future in ordered] == [0, 1, 2, 3]
    assert submitted == [1, 3, 2, 0]


def test_an_error_ends_the_walk_and_cancels_what_was_not_begun() -> None:
    parts: list[Any] = [Part(number, 1) for number in range(6)]
    futures: list[Future[int]] = []

    def submit(part: Any) -> Future[int]:
        future: Future[int] = Future()
        futures.append(future)
        if part.number == 3:
            future.set_exception(PluginError("of slice 3"))
        return future

    ordered = iter(OrderedResults(submit, parts, None, done=lambda part: None, deferred=(OSError,)))
    with pytest.raises(PluginError, match="of slice 3"):
        next(ordered)
    assert [future.cancelled() for future in futures] == [True] * 3 + [False] + [True] * 2


def test_a_deferred_error_waits_for_its_turn() -> None:
    parts: list[Any] = [Part(number, 1) for number in range(3)]

    def work(number: int) -> int:
        if number == 1:
            raise FileNotFoundError("of slice 1")
        return number

    told: list[Any] = []
    ordered: OrderedResults[int] = OrderedResults(
        lambda part: AtOnce().submit(work, part.number),  # type: ignore[attr-defined]
        parts,
        None,
        done=told.append,
        deferred=(FileNotFoundError,),
    )
    first, second, third = ordered
    assert (first.result(), third.result()) == (0, 2)
    with pytest.raises(FileNotFoundError, match="of slice 1"):
        second.result()
    assert [part.number for part in told] == [0, 2]
