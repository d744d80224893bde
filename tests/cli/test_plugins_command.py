"""``tickloom plugins list`` and ``doctor``, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.fake_distributions import Site, offering

SLOW = "import time; time.sleep(1.1)\n"
NOISY = """
import os, subprocess, sys
print("printed by Python")
os.write(1, b"written to the descriptor")
subprocess.run([sys.executable, "-c", "print('printed by a child')"])
"""


def rows(site: Site, **env: str) -> dict[str, dict[str, object]]:
    done = site.command("plugins", "list", "--json", env=env)
    assert done.returncode == 0, done.stderr
    return {row["distribution"]: row for row in json.loads(done.stdout)["plugins"]}


def test_list_names_version_state_kind_and_offers(site: Site) -> None:
    site.install("acme", offering("fast"), version="2.3")
    site.install("broken", "raise RuntimeError('boom')")
    listed = rows(site)
    assert listed["acme"]["version"] == "2.3"
    assert listed["acme"]["state"] == "loaded"
    assert listed["acme"]["offers"] == {"executor": {"fast": "s"}}
    assert listed["broken"]["state"] == "failed"
    table = site.command("plugins", "list")
    assert table.returncode == 0
    (line,) = [each.split() for each in table.stdout.splitlines() if "acme" in each]
    assert line == ["main", "acme", "2.3", "loaded", "executor", "fast", "s"]
    (line,) = [each for each in table.stdout.splitlines() if "broken" in each]
    assert "RuntimeError: boom" in line
    assert "doctor" in table.stderr


def test_no_plugins_wins_over_the_allow_list(site: Site) -> None:
    site.install("acme", offering("fast"))
    done = site.command(
        "--no-plugins", "plugins", "list", "--json", env={"TICKLOOM_PLUGINS": "acme"}
    )
    states = {row["distribution"]: row["state"] for row in json.loads(done.stdout)["plugins"]}
    assert states == {"acme": "disabled", "tickloom": "loaded"}


def test_output_stays_clean_when_a_plugin_prints(site: Site) -> None:
    site.install("noisy", NOISY + offering("loud"))
    done = site.command("plugins", "list", "--json")
    assert json.loads(done.stdout)["plugins"]
    for text in ("printed by Python", "written to the descriptor", "printed by a child"):
        assert text in done.stderr
    table = site.command("plugins", "list")
    assert table.stdout.startswith("NAME")


def test_doctor_explains_each_problem(site: Site) -> None:
    site.install("a-missing", "import some_library_nobody_has")
    site.install("b-slow", SLOW + offering("slow"))
    site.install("c-noisy", NOISY + offering("same"))
    site.install("d-same", offering("same"))
    site.install("e-empty", "TICKLOOM_API_VERSION = 1")
    site.install("f-exits", "import sys; sys.exit()")
    site.install("g-twice", offering("twice"))
    site.install("G.twice", offering("twice"), version="0.9")
    done = site.command("plugins", "doctor", "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["ok"] is False
    by_subject = {each["subject"].partition(" ")[0]: each for each in report["findings"]}
    missing = by_subject["a-missing"]
    assert missing["severity"] == "failure"
    assert "some_library_nobody_has" in missing["cause"]
    assert "a_missing_plugin.py, line 1" in missing["cause"]
    assert "install the module 'some_library_nobody_has'" in missing["remedy"]
    assert by_subject["b-slow"]["severity"] == "warning"
    assert "its import took 1." in by_subject["b-slow"]["cause"]
    assert "stdout" in by_subject["c-noisy"]["cause"]
    collision = by_subject["executor"]
    assert collision["cause"] == "it is offered by c-noisy 1.0 and d-same 1.0"
    assert "c-noisy:same or d-same:same" in collision["remedy"]
    assert by_subject["e-empty"]["problem"] == "it offers nothing"
    assert "must not call sys.exit()" in by_subject["f-exits"]["remedy"]
    assert "0.9, 1.0" in by_subject["g-twice"]["cause"]


CONFLICTING = """
from tickloom import TransformSpec, WriterSpec, hookimpl

TICKLOOM_API_VERSION = 1

@hookimpl
def tickloom_register_writers():
    yield WriterSpec(
        name="other", summary="s", suffix=".parquet",
        write=None, scan=None, summarise=None, check=None,
    )

@hookimpl
def tickloom_register_transforms():
    yield TransformSpec(
        name="other", summary="s", phase="batch", needs=(), gives=("vol_delta",), apply=None
    )
"""


def test_doctor_finds_what_only_fails_when_packing(site: Site) -> None:
    site.install("acme", CONFLICTING)
    done = site.command("plugins", "doctor", "--json")
    assert done.returncode == 1
    findings = {each["subject"]: each for each in json.loads(done.stdout)["findings"]}
    assert "acme:other and tickloom:parquet" in findings["suffix '.parquet'"]["cause"]
    assert "'vol_delta' is given by" in findings["transforms"]["cause"]
    assert "acme:other" in findings["transforms"]["remedy"]


def test_doctor_names_an_allow_list_entry_that_loads_nothing(site: Site) -> None:
    done = site.command("plugins", "doctor", env={"TICKLOOM_PLUGINS": "acme-typo"})
    assert done.returncode == 0, done.stderr
    assert "'acme-typo' loads nothing" in done.stdout


def test_list_and_doctor_import_neither_numba_nor_polars() -> None:
    code = (
        "import sys\n"
        "from tickloom.cli.main import _run\n"
        "statuses = [_run(['plugins', 'list', '--json']), _run(['plugins', 'doctor'])]\n"
        "assert statuses == [0, 0], statuses\n"
        "heavy = {'numba', 'polars', 'pyarrow', 'numpy', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
