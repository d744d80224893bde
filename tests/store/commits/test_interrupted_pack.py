"""The real command: ended by a signal, or by a disk that takes no more."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tickloom.store.verify import verify_store
from tickloom.synth import write_raw

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits")

LIMIT = 20_000
"""Bytes that a file may have on the disk that takes no more; partitions here have 100,000."""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interrupted") / "raw"
    write_raw(folder, seed=5, rows=12_000, days=2, strikes=3)
    return folder


def pack(raw: Path, store: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "tickloom",
        "pack",
        str(raw),
        str(store),
        "--workers",
        "1",
        "--json",
    ]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_pack_between_commits(
    raw: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    store = tmp_path / "s"
    process = subprocess.Popen(
        pack(raw, store), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    # Staging appears once the lock is held and the signals are taken over.
    while not (store / "_tickloom" / "staging").exists():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    _, told = process.communicate(timeout=120)
    assert process.returncode == code, told
    assert f"ended by {number.name}" in told
    assert "partitions were committed and stay" in told
    assert "run again" in told
    assert "Traceback" not in told
    assert verify_store(store).ok
    assert not (store / "_tickloom" / "staging").exists()
    done = subprocess.run(pack(raw, store), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows_read"] > 0
    assert verify_store(store).ok


def test_a_killed_pack_takes_its_workers_along(raw: Path, tmp_path: Path) -> None:
    store = tmp_path / "s"
    process = subprocess.Popen(pack(raw, store), stdout=subprocess.DEVNULL)
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 120
    while not any("spawn_main" in " ".join(worker.cmdline()) for worker in workers):
        assert process.poll() is None
        assert time.monotonic() < deadline
        workers = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.01)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []
    assert verify_store(store).ok
    assert not (store / "_tickloom" / "staging").exists()


def test_a_disk_that_takes_no_more_ends_a_pack_with_one_line(raw: Path, tmp_path: Path) -> None:
    """No injection here: the system itself refuses to let files grow."""
    import resource

    store = tmp_path / "s"
    done = subprocess.run(
        pack(raw, store),
        capture_output=True,
        text=True,
        timeout=240,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT)),
    )
    assert done.returncode == 1, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith(f"tickloom: writing to {store} failed: ")
    assert "File too large" in lines[0]
    left = sorted(path.name for path in (store / "_tickloom").iterdir())
    assert left == ["lock", "manifest.json"]
    assert verify_store(store).ok
