"""Spawned processes are told when to end by their parent, not by the terminal."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tickloom_plugins.executors.processes import processes


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
