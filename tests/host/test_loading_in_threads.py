"""Plugins are loaded once and asked once, however many threads are the first to need them."""

from __future__ import annotations

import subprocess
import sys

from tests.fake_distributions import Site

SLOW = """
import time
from tickloom import ExecutorSpec, hookimpl
TICKLOOM_API_VERSION = 1
print("imported")
time.sleep(0.2)
@hookimpl
def tickloom_register_executors():
    print("asked")
    time.sleep(0.2)
    return [ExecutorSpec(name="slow", summary="s", create=None, shares_memory=True)]
"""

SCRIPT = """
import os, sys, threading
sys.path.insert(0, {folder!r})
from tickloom.host import get_host
real, found = sys.stdout, []
before = os.fstat(1)
def ask():
    found.append(get_host().executors.get("slow"))
threads = [threading.Thread(target=ask) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert sys.stdout is real
assert os.fstat(1) == before
assert len(set(map(id, found))) == 1, found
print("mine")
"""


def test_six_threads_load_and_ask_once(site: Site) -> None:
    site.install("slow", SLOW)
    code = SCRIPT.format(folder=str(site.folder))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "mine\n", done.stderr
    assert done.stderr.splitlines() == ["imported", "asked"]
