"""Two ``tickloom pack`` commands at once on one store: one waits or is told who is at work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.fake_distributions import Site
from tests.fake_distributions import site as site
from tests.packing.raw_files import data_files, write_raw_file
from tests.packing.tick_reader import tick_reader

from tickloom import pack
from tickloom.store.verify import verify_store

GATED = tick_reader(
    "gated",
    """
    while not Path(os.environ["GATE"]).exists():
        time.sleep(0.01)
    """,
)
TICKS = [(0, 1.0, 10), (1, 1.5, 20)]
PATIENCE = 60


def start(site: Site, gate: Path, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tickloom", "pack", *args, "--executor", "threads"]
    environment = {**os.environ, "PYTHONPATH": str(site.folder), "GATE": str(gate)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def test_the_second_is_refused_or_waits_and_nothing_is_lost(site: Site, tmp_path: Path) -> None:
    site.install("gated-reader", GATED)
    store, gate = str(tmp_path / "store"), tmp_path / "gate"
    one, other = tmp_path / "one", tmp_path / "other"
    first_file = write_raw_file(one, TICKS)
    # The other has a row of its own in the same partition and contract.
    write_raw_file(other, [*TICKS, (2, 2.0, 30)])
    pack([one, other], tmp_path / "undisturbed", executor="threads", workers=1)

    first_file.rename(first_file.with_suffix(".tick"))
    first = start(site, gate, str(one), store)
    owner = tmp_path / "store" / "_tickloom" / "lock.owner"
    deadline = time.monotonic() + PATIENCE
    while not owner.exists():
        assert time.monotonic() < deadline
        assert first.poll() is None
        time.sleep(0.01)

    refused = start(site, gate, str(other), store)
    _, errors = refused.communicate(timeout=PATIENCE)
    assert refused.returncode == 1
    assert f"process {first.pid} on " in errors
    assert "--wait" in errors
    assert "Traceback" not in errors

    waiting = start(site, gate, str(other), store, "--wait", str(PATIENCE))
    time.sleep(
        1
    )  # more than it takes to try and fail; a slower one finds an open store, and passes
    assert waiting.poll() is None
    gate.touch()
    for packer in (first, waiting):
        _, errors = packer.communicate(timeout=PATIENCE)
        assert packer.returncode == 0, errors
    assert verify_store(tmp_path / "store", deep=True).ok
    assert data_files(tmp_path / "store") == data_files(tmp_path / "undisturbed")
