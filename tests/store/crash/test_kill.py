"""SIGKILL at every system call and at random times, SIGTERM at every system call."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.store.crash.conftest import FULL

SEED = 4711

pytestmark = pytest.mark.skipif(not hasattr(sys, "getdlopenflags"), reason="needs fork")


def test_a_killed_packer_leaves_the_old_store_or_the_new_one(
    tmp_path: Path, parts: Path, beginning: Path, undisturbed: dict[str, str], project: Path
) -> None:
    (tmp_path / "expected.json").write_text(json.dumps(undisturbed))
    every, times = (1, 200) if FULL else (6, 10)
    arguments = [str(path) for path in (tmp_path, parts, beginning)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.crash.kill_driver", *arguments]
        + [str(number) for number in (every, times, SEED)],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(f"seed {SEED}: {found}")
    assert found["problems"] == [], done.stderr
    assert found["killed_at_points"] == (3 * found["operations"] if FULL else 11)
    assert found["killed_at_times"] > 0
    assert len(found["states"]) >= (5 if FULL else 3)
