"""Readers that take their process down, and signals that end a pack."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.fake_distributions import Site
from tests.fake_distributions import site as site
from tests.packing.raw_files import data_files, stored, write_raw_file
from tests.packing.tick_reader import tick_reader

from tickloom import open_store, pack

FRAGILE = tick_reader(
    "fragile",
    """
    text = unit.paths[0].read_bytes()
    if text == b"crash":
        os._exit(3)
    if text == b"slow":
        time.sleep(60)
    if text == b"raise":
        raise ZeroDivisionError("one by none")
    """,
)

TICKS = [(0, 1.0, 10), (1, 1.5, 20)]


def raw_folder(folder: Path, bad: dict[int, bytes]) -> Path:
    """Ten contracts, of which those in ``bad`` have another content."""
    for number in range(10):
        path = write_raw_file(folder, TICKS, strike=54000.0 + 100 * number)
        if number in bad:
            path.write_bytes(bad[number])
        path.rename(path.with_suffix(".tick"))
    return folder


@pytest.mark.slow
def test_crashing_reader_costs_only_its_files(site: Site, tmp_path: Path) -> None:
    site.install("fragile-reader", FRAGILE)
    raw = raw_folder(tmp_path / "raw", {2: b"crash", 3: b"raise", 7: b"crash"})
    done = site.command("pack", str(raw), str(tmp_path / "store"), "--json", "--workers", "2")
    assert done.returncode == 3, done.stderr
    report = json.loads(done.stdout)
    assert report["rows_written"] == 14
    reasons = {Path(item["path"]).stem[14:19]: item["reason"] for item in report["quarantined"]}
    assert set(reasons) == {"54200", "54300", "54700"}
    assert "crashed its process" in reasons["54200"]
    assert "crashed its process" in reasons["54700"]
    assert "ZeroDivisionError: one by none" in reasons["54300"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_a_pack_between_commits(site: Site, tmp_path: Path, number: int) -> None:
    site.install("fragile-reader", FRAGILE)
    raw = raw_folder(tmp_path / "raw", {9: b"slow"})
    store = tmp_path / "store"
    packer = subprocess.Popen(
        [sys.executable, "-m", "tickloom", "pack", str(raw), str(store), "--workers", "1"],
        env={**os.environ, "PYTHONPATH": str(site.folder)},
        stderr=subprocess.PIPE,
        text=True,
    )
    _wait_for(store / "_tickloom" / "staging")
    time.sleep(0.5)
    packer.send_signal(number)
    _, errors = packer.communicate(timeout=30)
    assert packer.returncode == 128 + number
    assert "The same command, run again" in errors
    assert "Traceback" not in errors
    assert not (store / "_tickloom" / "staging").exists()
    assert data_files(store) == {}


def _wait_for(path: Path) -> None:
    for _ in range(300):
        if path.exists():
            return
        time.sleep(0.1)
    pytest.fail(f"{path} did not appear")


def test_interrupt_keeps_what_is_committed_and_a_rerun_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tickloom.errors import Interrupted
    from tickloom.packing.sources.log import SourceLog

    raw = tmp_path / "raw"
    write_raw_file(raw, TICKS)
    write_raw_file(raw, [(3 * 86_400, 1.0, 1)], strike=54100)
    committed = SourceLog.committed

    def interrupted(self: SourceLog, key: object) -> None:
        committed(self, key)  # type: ignore[arg-type]
        raise Interrupted(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(SourceLog, "committed", interrupted)
        with pytest.raises(Interrupted) as caught:
            pack(raw, tmp_path / "store", executor="threads", workers=1)
    assert "1 partitions were committed" in caught.value.summary
    assert len(open_store(tmp_path / "store").partitions()) == 1
    report = pack(raw, tmp_path / "store", executor="threads", workers=1)
    assert (report.sources_skipped, report.rows_written) == (1, 1)
    assert stored(tmp_path / "store").height == 3
