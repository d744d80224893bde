"""Runs sessions in forked children and kills them: ``python -m tests.store.crash.kill_driver``.

A fork is twenty times cheaper than a new interpreter. Polars and pyarrow start threads of their own
when they are imported, which a fork leaves behind: about one check in a thousand dies of that by
SIGSEGV. Such a check is done again in a new interpreter, whose word counts; how often is told. It
prints one JSON object: cases, and what went wrong.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars  # noqa: F401  imported, not used: it starts threads when it is
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
from tests.store.crash.faults import PHASES, Counted, Killing, Signalling
from tests.store.crash.scenarios import SCENARIOS, Scenario

from tickloom.errors import Interrupted
from tickloom.files import SYSTEM
from tickloom.host import get_host

FAILED = 99


class Driver:
    """Kills sessions, checks what they leave, and counts."""

    def __init__(self, name: str, work: Path, beginning: Path) -> None:
        self.name, self.work, self.beginning = name, work, beginning
        self.scenario = SCENARIOS[name](work)
        self.cases = 0
        self.checked_again = 0
        self.killed = 0
        self.problems: list[str] = []
        self.states: set[str] = set()

    def fresh(self) -> Path:
        store = self.work / "store"
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(self.beginning, store)
        return store

    def operations(self) -> int:
        """How many system calls an undisturbed session makes."""
        counter = self.work / "count"

        def count() -> None:
            files = Counted()
            self.scenario.run(self.fresh(), files)
            counter.write_text(str(files.count))

        assert os.waitstatus_to_exitcode(self.wait(fork(count))) == 0
        return int(counter.read_text())

    def kill_at(self, at: int, phase: str) -> None:
        """SIGKILL before, during or after one system call."""
        store = self.fresh()
        files = Killing(at, phase)  # type: ignore[arg-type]
        status = self.wait(fork(lambda: self.scenario.run(store, files)))
        self.look(f"killed {phase} call {at}", store, status)

    def kill_after(self, seconds: float) -> None:
        """SIGKILL at some time."""
        store = self.fresh()
        child = fork(lambda: self.scenario.run(store, SYSTEM))
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        self.look(f"killed after {seconds * 1000:.1f} ms", store, self.wait(child))

    def signal_at(self, at: int) -> None:
        """SIGTERM at one system call: it ends between commits and says what was done."""
        store = self.fresh()

        def child() -> None:
            try:
                self.scenario.run(store, Signalling(at))
            except Interrupted as error:
                told = str(error)
                assert "SIGTERM" in told, told
                # A signal before the writer took over, or once it is done, has nothing to tell.
                assert "run again" in told or not told.partition(";")[1], told
                os._exit(error.exit_code)

        status = self.wait(fork(child))
        code = os.waitstatus_to_exitcode(status)
        if code not in (143, -signal.SIGTERM):
            self.problems.append(f"SIGTERM at call {at}: exit code {code}")
        self.look(f"SIGTERM at call {at}", store, status)

    def look(self, case: str, store: Path, status: int) -> None:
        """What the killed session left: a state, whole; and a rerun converges."""
        self.cases += 1
        self.killed += os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        result = self.work / "state"
        result.unlink(missing_ok=True)

        check = partial(look_at, self.scenario, store, result)
        code = os.waitstatus_to_exitcode(self.wait(fork(check)))
        if code == -signal.SIGSEGV:
            self.checked_again += 1
            anew = [sys.executable, "-m", "tests.store.crash.kill_driver", "look", self.name]
            code = subprocess.run([*anew, str(self.work), str(store), str(result)]).returncode
        if code != 0:
            self.problems.append(f"{case}: the check ended with {code}; see stderr")
            print(f"^ {case}", file=sys.stderr)
        elif result.exists():
            self.states.add(result.read_text())

    @staticmethod
    def wait(child: int) -> int:
        return os.waitpid(child, 0)[1]


def look_at(scenario: Scenario, store: Path, result: Path) -> None:
    """Raise unless ``store`` is in a state that may be, noted in ``result``, and a rerun of the
    session converges."""
    result.write_text(scenario.look(store))
    scenario.rerun(store)


def fork(work: Callable[[], None]) -> int:
    """A child that does ``work`` and exits with 0, or with FAILED and a traceback on stderr."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(FAILED)


def warm_up() -> None:
    """Import here what each child would otherwise import for itself; pyarrow brings in pandas,
    where there is one, at the first conversion."""
    get_host().writers.get("parquet")
    pyarrow.compute.is_null(pa.array([1])).to_numpy(zero_copy_only=False)
    assert pyarrow.parquet


def main(name: str, work: Path, beginning: Path, every: int, times: int, seed: int) -> None:
    warm_up()
    driver = Driver(name, work, beginning)
    rng = random.Random(seed)
    total = driver.operations()
    for at in range(total):
        for phase in PHASES if every == 1 else PHASES[at % 3 :][:1]:
            if at % every == 0:
                driver.kill_at(at, phase)
    at_points = driver.killed
    started = time.perf_counter()
    Driver.wait(fork(lambda: driver.scenario.run(driver.fresh(), SYSTEM)))
    length = time.perf_counter() - started
    while driver.killed < at_points + times:  # a session that ended before does not count
        driver.kill_after(rng.uniform(0, length))
    for at in range(0, total, every):
        driver.signal_at(at)
    print(
        json.dumps(
            {
                "operations": total,
                "cases": driver.cases,
                "killed_at_points": at_points,
                "killed_at_times": driver.killed - at_points,
                "states": sorted(driver.states),
                "checked_again": driver.checked_again,
                "problems": driver.problems,
            }
        )
    )


if __name__ == "__main__":
    if sys.argv[1] == "look":
        name, *paths = sys.argv[2:]
        work, store, result = map(Path, paths)
        look_at(SCENARIOS[name](work), store, result)
    else:
        name, folder, before, *numbers = sys.argv[1:]
        main(name, Path(folder), Path(before), *(int(number) for number in numbers))
