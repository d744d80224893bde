"""Spawned processes are told when to end by their parent, not by the terminal."""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing.context import SpawnProcess

import pytest

from tickloom_plugins.executors.processes import processes

pytestmark = pytest.mark.usefixtures("ctrl_c")


@pytest.mark.skipif(sys.platform == "win32", reason="has no signals that are sent to groups")
def test_ctrl_c_does_not_end_a_worker_that_still_starts() -> None:
    with processes.start(2) as pool:
        asked = [pool.submit(os.getpid) for _ in range(2)]
        workers = list(pool._processes)  # type: ignore[attr-defined]
        for worker in workers:
            os.kill(worker, signal.SIGINT)
        assert {future.result() for future in asked} <= set(workers)


@pytest.mark.skipif(sys.platform == "win32", reason="has no signals that are sent to groups")
def test_ctrl_c_still_reaches_the_parent() -> None:
    with processes.start(1) as pool:
        pool.submit(os.getpid).result()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_ctrl_c_waits_until_the_pool_knows_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    start = SpawnProcess.start

    def interrupted(self: SpawnProcess) -> None:
        signal.raise_signal(signal.SIGINT)
        start(self)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(SpawnProcess, "start", interrupted)
    with processes.start(1) as pool:
        with pytest.raises(KeyboardInterrupt):
            pool.submit(os.getpid)
        assert len(pool._processes) == 1  # type: ignore[attr-defined]
        assert pool.submit(os.getpid).result() in pool._processes  # type: ignore[attr-defined]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
