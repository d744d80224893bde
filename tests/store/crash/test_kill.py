"""SIGKILL at every system call and at random times, SIGTERM at every system call."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.store.crash import session
from tests.store.crash.conftest import FULL
from tests.store.crash.scenarios import pack_folders

from tickloom.synth import write_raw

SEED = 4711

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def drive(project: Path, scenario: str, work: Path, beginning: Path, *numbers: int) -> Any:
    """What the kill driver found."""
    arguments = [scenario, str(work), str(beginning), *map(str, numbers), str(SEED)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.crash.kill_driver", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(f"seed {SEED}: {found}")
    assert found["problems"] == [], done.stderr
    return found


def test_a_killed_writer_leaves_the_old_store_or_the_new_one(
    tmp_path: Path, parts: Path, beginning: Path, undisturbed: dict[str, str], project: Path
) -> None:
    (tmp_path / "expected.json").write_text(json.dumps(undisturbed))
    shutil.copytree(parts, tmp_path / "parts")
    found = drive(project, "session", tmp_path, beginning, *((1, 200) if FULL else (6, 10)))
    assert found["killed_at_points"] == (3 * found["operations"] if FULL else 11)
    assert found["killed_at_times"] == (200 if FULL else 10)
    assert len(found["states"]) >= (5 if FULL else 3)


def test_a_killed_packer_leaves_the_old_store_or_the_new_one(tmp_path: Path, project: Path) -> None:
    raw = tmp_path / "raw"
    write_raw(raw, seed=3, rows=1500, days=3, strikes=2)
    first, *others = sorted(path for path in raw.iterdir() if path.is_dir())
    assert others
    (others[0] / "banknifty25nov1ce.parquet").write_bytes(b"no Parquet file")
    for name, folders in (("before", [first]), ("expected", [raw])):
        pack_folders(folders, tmp_path / name)
        (tmp_path / f"{name}.json").write_text(json.dumps(session.tree(tmp_path / name)))
    beginning = tmp_path / "before"
    found = drive(project, "pack", tmp_path, beginning, *((1, 200) if FULL else (20, 4)))
    assert found["operations"] > 40
    assert found["killed_at_points"] >= (3 * found["operations"] if FULL else 3)
    assert found["killed_at_times"] == (200 if FULL else 4)
    assert len(found["states"]) >= 2
