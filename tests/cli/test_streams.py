"""Standard streams that are closed, full or read by nobody; what a terminal must not get."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.engine.run_stores import MONDAY, build, uneven_frame

from tickloom.cli.output import printable

COMMAND = [sys.executable, "-m", "tickloom"]

posix = pytest.mark.skipif(sys.platform == "win32", reason="the shell's redirections")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("streams") / "store", {MONDAY: uneven_frame(MONDAY, 7)})


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which ``$T`` is the command."""
    return subprocess.run(
        ["bash", "-c", line],
        env={**os.environ, "T": f"{sys.executable} -m tickloom"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@posix
@pytest.mark.parametrize(
    "what", ["info {}", "run buy-and-hold {} --json", "--help", "calendar build --from 2025"]
)
def test_a_full_disk_behind_stdout_is_one_line(store: Path, what: str) -> None:
    done = shell(f"$T {what.format(store)} >/dev/full")
    assert done.returncode == 1
    *others, last = done.stderr.splitlines()
    assert last == "tickloom: cannot write to standard output: No space left on device"
    assert all(line.startswith("compil") for line in others), "a kernel may be compiled first"


@posix
@pytest.mark.parametrize("what", ["verify {}", "info {} --json", "calendar build"])
def test_a_reader_that_has_gone_is_no_failure_of_the_store(store: Path, what: str) -> None:
    done = shell(f"$T {what.format(store)} | true; exit ${{PIPESTATUS[0]}}")
    assert done.returncode in (0, 141)
    assert done.stderr == ""


@posix
@pytest.mark.parametrize(
    ("redirected", "status"), [("<&-", 2), (">&-", 2), ("2>&-", 2), ("<&- >&- 2>&-", 2)]
)
def test_closed_streams(redirected: str, status: int) -> None:
    """Nothing is read from, or written to, a file that happens to get the stream's number."""
    done = shell(
        f"$T calendar lookup - {redirected} </dev/null"
        if "<&-" not in redirected
        else f"$T calendar lookup - {redirected}"
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == (status if "<&-" in redirected else 0)


@posix
def test_a_command_with_no_stream_at_all_does_its_work(store: Path) -> None:
    assert shell(f"$T verify {store} <&- >&- 2>&-").returncode == 0


@posix
def test_what_c_code_and_children_print_is_no_output(tmp_path: Path) -> None:
    """Only the command's own lines are; so in a terminal as with ``--json``."""
    code = (
        "import os, sys\n"
        "from tickloom.cli.streams import own_streams\n"
        "with own_streams():\n"
        "    os.write(1, b'descriptor ')\n"
        "    os.system('echo child')\n"
        "    print('the command')\n"
        "print('after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "the command\nafter\n"
    assert done.stderr == "descriptor child\n"


def test_printable_keeps_what_people_read() -> None:
    assert printable("a\tb\nज़ € 日本") == "a\tb\nज़ € 日本"
    assert printable("\x1b[2J\r\x07") == "\\x1b[2J\\r\\x07"
    assert printable("\x9b31m\u202egnp\u2028") == "\\x9b31m\\u202egnp\\u2028"
    assert printable(os.fsdecode(b"donn\xe9es")) == "donn\\xe9es"


@posix
def test_names_of_files_reach_no_terminal_raw(tmp_path: Path) -> None:
    """A name is what somebody else chose: here one that would clear the screen."""
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "nifty25nov25500ce\x1b[2J.parquet").write_bytes(b"no Parquet")
    done = subprocess.run(
        [*COMMAND, "pack", str(raw), str(tmp_path / "store")], capture_output=True, timeout=120
    )
    listed = subprocess.run(
        [*COMMAND, "quarantine", str(tmp_path / "store")], capture_output=True, timeout=120
    )
    assert done.returncode == 3, done.stderr
    assert b"\\x1b[2J" in done.stderr
    assert b"\\x1b[2J" in listed.stdout
    assert b"\x1b" not in done.stdout + done.stderr + listed.stdout


@posix
def test_names_that_are_no_utf8_are_read_from_stdin() -> None:
    done = subprocess.run(
        [*COMMAND, "calendar", "lookup", "-", "--json"], input=b"x\xe9y\n", capture_output=True
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)[0]["error"]
    assert b"Traceback" not in done.stderr


LOOPS = """
import sys, threading, time
from tickloom.cli.main import cli, main
import click, ctypes

@cli.command("loop")
@click.option("--thread", is_flag=True)
def loop(thread):
    import numba
    @numba.njit("void(int64)", nogil=True)
    def forever(n):
        while n >= 0:
            n = n ^ 1
    print("looping", flush=True)
    if thread:
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(1) as pool:
            pool.submit(forever, 0).result()
    forever(0)

import tickloom.cli.main as module
module.LazyGroup.get_command = lambda self, ctx, name: loop
main(sys.argv[1:])
"""


@posix
@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("options", [[], ["--thread"]], ids=["main thread", "worker thread"])
def test_a_second_interrupt_ends_compiled_code_that_loops_for_ever(options: list[str]) -> None:
    command = [sys.executable, "-c", LOOPS, "loop", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"looping\n"
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            assert process.poll() is None, "the first one waits for work to end"
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert b"Traceback" not in said


IMPORTS = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = ["run", "buy-and-hold", "no-such-store"]
from tickloom.cli.entry import main
main()
"""


@posix
@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(
    "name", ["tickloom.cli.main", "click", "pluggy", "polars", "tickloom.engine.api"]
)
def test_an_interrupt_while_modules_are_imported_shows_no_traceback(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS.format(name=name)],
        capture_output=True,
        text=True,
        restore_signals=True,
    )
    assert done.returncode in (130, -signal.SIGINT), done.stderr
    assert "Traceback" not in done.stderr


def test_the_package_itself_imports_next_to_nothing() -> None:
    """What is imported before the command line looks after Ctrl-C."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "import tickloom.cli.entry\n"
        "print(*sys.modules.keys() - before)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout
    assert not {"click", "enum", "pluggy", "re", "typing"} & set(done.stdout.split())
