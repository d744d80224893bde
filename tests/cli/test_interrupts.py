from __future__ import annotations

import subprocess
import sys

import pytest

PASSED_ON = """
import signal, time
from tickloom.cli import interrupts

interrupts.GRACE_SECONDS = 0.1
with interrupts.listening() as listener:
    try:
        signal.raise_signal(signal.SIGINT)
        time.sleep(30)
    except KeyboardInterrupt:
        interrupts.os.write(signal.set_wakeup_fd(-1), bytes([signal.SIGINT]))
        time.sleep(1)
        print("cleaned up after", listener.count)
"""

SWALLOWED = """
import signal, time
from tickloom.cli import interrupts

interrupts.GRACE_SECONDS = 0.1

class Held:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
        time.sleep(0)

with interrupts.listening() as listener:
    try:
        held = Held()
        del held
        time.sleep(90)
    except KeyboardInterrupt:
        time.sleep(1)
        print("cleaned up after", listener.count)
"""

READ_LATE = """
import time
from tickloom.cli import interrupts

class Late:
    def __init__(self, real):
        self.real, self.close, self.reads = real, real.close, 0

    def recv(self, size):
        numbers = self.real.recv(size)
        self.reads += 1
        if self.reads > 1:
            time.sleep(2 * interrupts.SAME_PRESS_SECONDS)
        return numbers

class Listener(interrupts.Listener):
    def _listen(self):
        self._reading = Late(self._reading)
        super()._listen()

interrupts.Listener = Listener
"""


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(
    "script",
    [PASSED_ON, SWALLOWED, READ_LATE + SWALLOWED],
    ids=["passed on", "swallowed", "read late"],
)
def test_one_ctrl_c_counts_once(script: str) -> None:
    """A forked worker passes it on to us, or a destructor swallows it and it is raised again."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "cleaned up after 1\n"), done.stderr


IGNORED = """
import gc, signal
from tickloom.cli.interrupts import listening

signal.signal(signal.SIGINT, signal.SIG_IGN)
with listening():
    pass
gc.collect()
"""


def test_who_ignores_ctrl_c_is_left_without_open_sockets() -> None:
    """As ``nohup`` in the background of a script does."""
    done = subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", IGNORED],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
