"""Disks outside the store that are full or read-only: one line, and nothing half done."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.engine.run_stores import MONDAY, build, uneven_frame

import tickloom


def mount(folder: Path, options: str) -> None:
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)])
    if done.returncode:
        pytest.skip("needs the right to mount a small file system")


@pytest.fixture(params=["full", "read-only"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder that takes no file with anything in it."""
    if sys.platform != "linux":
        pytest.skip("mounts a file system")
    folder = tmp_path / "disk"
    mount(folder, "size=64k")
    try:
        if request.param == "full":
            with (folder / "filler").open("wb", buffering=0) as filler, suppress(OSError):
                while True:
                    filler.write(b"x" * 1024)
        else:
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("disks") / "store", {MONDAY: uneven_frame(MONDAY, 8)})


COMMANDS = {
    "run": ["run", "ema-cross", "STORE", "--param", "max_spread=2", "--out", "DISK/out"],
    "sweep": [
        "sweep", "ema-cross", "STORE", "--grid", "fast=2:40", "--grid", "slow=50:90",
        "--out", "DISK/out",
    ],
    "synth": ["synth", "DISK/raw", "--rows", "1000", "--strikes", "1"],
    "calendar": ["calendar", "build", "--out", "DISK/calendar.csv"],
    "plugins": ["plugins", "new", "a-kernel", "--kind", "kernel", "--dir", "DISK"],
    "demo": ["demo", "--keep", "DISK/demo", "--rows", "1000"],
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_one_line_and_no_rest(disk: Path, store: Path, command: str) -> None:
    args = [each.replace("STORE", str(store)).replace("DISK", str(disk))
            for each in COMMANDS[command]]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tickloom", *args], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    *others, last = done.stderr.splitlines()
    assert all(line.startswith("compil") for line in others)
    assert last.startswith("tickloom: ")
    assert "No space left on device" in last or "read-only file system" in last.lower()
    assert not list(disk.rglob("*.part"))


def test_kernels_that_cannot_be_kept_are_no_success(disk: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tickloom", "kernels", "build", "buy-and-hold"],
        env={**os.environ, "TICKLOOM_CACHE_DIR": str(disk / "cache")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("tickloom: ")
    assert "kernel cache" in done.stderr


def test_in_python_it_is_an_error_of_tickloom(disk: Path, store: Path) -> None:
    with pytest.raises(tickloom.TickloomError, match="cannot write the results to"):
        tickloom.run("buy-and-hold", store, out=disk / "out")
