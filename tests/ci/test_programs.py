"""``.ci/programs`` installs what is missing and nothing else, with the rights that there are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script for bash")

BASH = shutil.which("bash") or "bash"
Run = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def run(project: Path, tmp_path: Path) -> Run:
    """Runs it where there are only these programs: exit code, stderr, calls of apt-get and sudo."""
    programs, calls = tmp_path / "bin", tmp_path / "calls"

    def run(*names: str, user: int = 0, apt_fails: bool = False) -> tuple[int, str, list[str]]:
        shutil.rmtree(programs, ignore_errors=True)
        programs.mkdir()
        calls.write_text("")
        bodies = {
            "apt-get": f'echo "apt-get $*" >> {calls}; exit {int(apt_fails)}',
            "sudo": f'echo sudo >> {calls}; "$@"',
            "id": f"echo {user}",
        }
        for name in ("id", *names):
            (programs / name).write_text(f"#!{BASH}\n{bodies.get(name, '')}\n")
            (programs / name).chmod(0o755)
        script = project / ".ci" / "programs"
        env = os.environ | {"PATH": str(programs)}
        done = subprocess.run([BASH, script], env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr, calls.read_text().splitlines()

    return run


UPDATE = "apt-get update -q"
INSTALL = "apt-get install -q -y --no-install-recommends"


@pytest.mark.parametrize("browser", ["chromium", "google-chrome"])
def test_nothing_is_installed_where_nothing_is_missing(run: Run, browser: str) -> None:
    assert run("cc", browser, "apt-get") == (0, "", [])
    assert run("cc", browser) == (0, "", [])


def test_root_installs_what_is_missing_without_sudo(run: Run) -> None:
    assert run("cc", "apt-get", "sudo") == (0, "", [UPDATE, f"{INSTALL} chromium"])
    assert run("apt-get") == (0, "", [UPDATE, f"{INSTALL} gcc chromium"])


def test_others_ask_sudo(run: Run) -> None:
    calls = ["sudo", UPDATE, "sudo", f"{INSTALL} gcc"]
    assert run("chromium", "apt-get", "sudo", user=1000) == (0, "", calls)


@pytest.mark.parametrize(
    ("programs", "options", "why"),
    [
        (("cc", "sudo"), {}, "found no apt-get to install them with"),
        (("cc", "apt-get"), {"user": 1000}, "found neither root's rights nor sudo"),
        (("cc", "apt-get"), {"apt_fails": True}, "apt-get could not install them"),
    ],
)
def test_what_cannot_be_installed_is_told(
    run: Run, programs: tuple[str, ...], options: dict[str, int], why: str
) -> None:
    code, told, _ = run(*programs, **options)
    assert code == 1
    assert told.startswith(f"expected chromium, which the tests need; {why}")
    assert told.endswith("Install what has these names on this system, and run it again\n")
