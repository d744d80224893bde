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
        time.sleep(30)
    except KeyboardInterrupt:
        time.sleep(1)
        print("cleaned up after", listener.count)
"""


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("script", [PASSED_ON, SWALLOWED], ids=["passed on", "swallowed"])
def test_one_ctrl_c_counts_once(script: str) -> None:
    """A forked worker passes it on to us, or a destructor swallows it and it is raised again."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "cleaned up after 1\n"), done.stderr
