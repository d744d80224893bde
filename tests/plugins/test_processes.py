"""Spawned processes are told when to end by their parent, not by the terminal."""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing.context import SpawnProcess

import pytest

from tickloom_plugins.executors.processes import ShieldedContext, processes


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


def test_ctrl_c_reaches_the_parent_once_the_worker_knows_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began: list[bool] = []

    def start(self: SpawnProcess) -> None:
        signal.raise_signal(signal.SIGINT)
        began.append(True)

    monkeypatch.setattr(SpawnProcess, "start", start)
    with pytest.raises(KeyboardInterrupt):
        ShieldedContext().Process(target=os.getpid).start()
    assert began == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
