"""What a pack tells: its progress on a terminal, and in the manifest what it was made with."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tickloom.packing.api import pack
from tickloom.store.api import open_store
from tickloom.synth import write_raw

COMMAND = "from tickloom.cli.main import main; main()"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_raw(tmp_path / "raw", seed=5, rows=30_000, days=2, strikes=2)
    return tmp_path / "raw"


def test_the_manifest_names_packer_plugins_settings_and_sources(raw: Path, tmp_path: Path) -> None:
    pack(raw, tmp_path / "store", executor="threads", workers=1)
    manifest = open_store(tmp_path / "store").manifest
    assert version("tickloom") in manifest.plugins.values()
    assert any("Asia/Kolkata" in value for value in manifest.settings.values())
    packed = {file.path for entry in manifest.sources.values() for file in entry.files}
    assert packed == {str(path) for path in raw.rglob("*.parquet")}


def test_a_caller_is_told_each_phase_to_its_end(raw: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    pack(
        raw,
        tmp_path / "store",
        executor="threads",
        workers=2,
        progress=lambda what: lambda done, total: told.append((what, done, total)),
    )
    counts = {"reading": len(list(raw.rglob("*.parquet"))), "packing": 0}
    counts["packing"] = len(open_store(tmp_path / "store").partitions())
    assert [what for what, _, _ in told] == sorted((w for w, _, _ in told), reverse=True)
    for what, count in counts.items():
        steps = [(done, total) for phase, done, total in told if phase == what]
        assert steps == sorted(steps)
        assert steps[-1] == (count, count)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_shows_phases_counts_and_the_time_left(raw: Path, tmp_path: Path) -> None:
    import pty

    command = [sys.executable, "-c", COMMAND, "pack", str(raw), str(tmp_path / "store")]
    ours, theirs = pty.openpty()
    environ = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        [*command, "--executor", "threads"], stdout=subprocess.DEVNULL, stderr=theirs, env=environ
    ) as process:
        os.close(theirs)
        shown = io.BytesIO()
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:  # Linux: nobody has the other end any more
                break
            if not data:
                break
            shown.write(data)
    os.close(ours)
    assert process.returncode == 0
    text = shown.getvalue().decode()
    files = len(list(raw.rglob("*.parquet")))
    for part in ("reading", "packing", f"/{files}", "0:00:0"):
        assert part in text
