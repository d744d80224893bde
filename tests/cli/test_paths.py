"""Any name that the system takes is a path, and libraries never read it as something else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tickloom.paths import legible, local_path, path_text, portable_name, text_path
from tickloom.synth import write_raw

NAMES = {
    "colon": b"ticks-10:30",
    "scheme": b"s3:x",
    "file": b"file:o",
    "percent": b"50%20 off#?x=[1]*",
    "no utf-8": b"donn\xe9es",
    "leading dash and space": b"- a ",
    "dollar and backslash": b"$HOME\\n",
    "newline and escape": b"two\nlines\x1b[2J",
}

WALKS = [
    ("colon", "no utf-8", "file"),
    ("newline and escape", "scheme", "no utf-8"),
    ("no utf-8", "percent", "dollar and backslash"),
]
"""Of the raw folder, the store and the results."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names that other systems refuse")


def tickloom(folder: bytes, *args: bytes | str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "tickloom", *args], cwd=folder, capture_output=True, timeout=120
    )


@pytest.mark.slow
@pytest.mark.parametrize("kinds", WALKS, ids=" / ".join)
def test_the_whole_walk_in_folders_of_any_name(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    """Relative names, as they are typed: raw folder, store and results each have one."""
    here = os.fsencode(tmp_path)
    raw, store, out = (NAMES[kind] for kind in kinds)
    steps: list[list[bytes | str]] = [
        ["synth", "--rows", "2000", "--days", "2", "--strikes", "1", "--", raw],
        ["pack", "--json", "--", raw, store],
        ["pack", "--json", "--", raw, store],
        ["verify", "--deep", "--", store],
        ["run", "buy-and-hold", "--hot", "--out", out, "--", store],
        ["sweep", "ema-cross", "--grid", "fast=3:4", "--out", out + b"2", "--", store],
        ["calendar", "check", "--", store],
        ["resort", "--", store],
        ["adopt", "--", store],
        ["info", "--json", "--", store],
        ["quarantine", "--", store],
        ["pack", "--replace", "--rehash", "--json", "--", raw, store],
    ]
    for number, step in enumerate(steps):
        done = tickloom(here, *step)
        assert done.returncode == 0, (step, done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr
        assert b"\x1b" not in done.stdout + done.stderr
        if number == 2:
            report = json.loads(done.stdout)
            assert report["sources_skipped"] == report["files"] > 0
    made = {os.fsencode(path.name) for path in tmp_path.iterdir()}
    assert made == {raw, store, out, out + b"2"}
    results = {path.name for path in (tmp_path / os.fsdecode(out)).iterdir()}
    assert results == {"result.json", "contracts.parquet", "trades.parquet"}


def test_a_file_whose_own_name_is_no_utf8_costs_nothing_but_itself(tmp_path: Path) -> None:
    write_raw(tmp_path / "raw", seed=3, rows=1_000, days=2, strikes=1)
    sound = next((tmp_path / "raw").rglob("*.parquet"))
    Path(os.fsdecode(os.fsencode(sound.parent) + b"/nifty\xff.parquet")).write_bytes(
        sound.read_bytes()
    )
    here = os.fsencode(tmp_path)
    for _ in range(2):
        done = tickloom(here, "pack", "raw", "store", "--json")
        assert done.returncode == 3, done.stderr
        (refused,) = json.loads(done.stdout)["quarantined"]
        assert refused["path"].endswith("nifty\\xff.parquet")
    listed = tickloom(here, "quarantine", "store")
    assert b"nifty\\xff.parquet" in listed.stdout


def test_texts_of_paths_come_back() -> None:
    for name in (*NAMES.values(), b"\xc3\xa9", b"\xff\xfe"):
        path = Path(os.fsdecode(name))
        text = path_text(path)
        assert text.encode()
        assert os.fsencode(text_path(text)) == os.fsencode(path)
    assert legible(os.fsdecode(b"a\xe9\xc3\xa9")) == "a\\xe9é"


@pytest.mark.parametrize("name", NAMES.values())
def test_a_portable_name_names_the_file(tmp_path: Path, name: bytes) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / os.fsdecode(name)
    with portable_name(path, "wb") as plain:
        pq.write_table(pa.table({"a": [1, 2]}), plain)
    with portable_name(path) as plain:
        assert pq.read_table(plain)["a"].to_pylist() == [1, 2]
    assert [os.fsencode(each.name) for each in tmp_path.iterdir()] == [name]


def test_python_takes_paths_as_they_are(tmp_path: Path) -> None:
    assert local_path(b"donn\xe9es") == Path(os.fsdecode(b"donn\xe9es"))
    assert local_path(tmp_path) == tmp_path
    assert local_path("C:/a") == Path("C:/a")
