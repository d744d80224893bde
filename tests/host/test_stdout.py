"""Stdout belongs to the command: what plugins print goes to stderr, what others print does not."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from tickloom.cli.output import print_json, stdout_for_json_alone
from tickloom.host.stdout import diverted_stdout


def in_thread(function: Callable[[], object]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_what_is_printed_in_the_block_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with diverted_stdout() as diverted:
        print("within")
    print("after")
    out, err = capsys.readouterr()
    assert (out, err) == ("after\n", "within\n")
    assert diverted.used


def test_silence_is_noticed_too() -> None:
    with diverted_stdout() as diverted:
        pass
    assert not diverted.used


def test_other_threads_print_where_they_always_do(capsys: pytest.CaptureFixture[str]) -> None:
    with diverted_stdout() as diverted:
        in_thread(lambda: print("a script's own"))
    assert capsys.readouterr().out == "a script's own\n"
    assert not diverted.used


@pytest.mark.parametrize("first_out", [0, 1])
def test_diversions_of_threads_end_in_any_order(
    first_out: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each by its own thread, each told that the other one has begun or ended."""
    before = sys.stdout
    begun = threading.Barrier(3)
    may_end = [threading.Event(), threading.Event()]

    def divert(number: int) -> None:
        with diverted_stdout():
            begun.wait(20)
            may_end[number].wait(20)
            print(f"diverted {number}")

    threads = [threading.Thread(target=divert, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    begun.wait(20)
    for number in (first_out, 1 - first_out):
        may_end[number].set()
        threads[number].join()
        print(f"mine after {number}")
    assert sys.stdout is before
    out, err = capsys.readouterr()
    assert out == f"mine after {first_out}\nmine after {1 - first_out}\n"
    assert err == f"diverted {first_out}\ndiverted {1 - first_out}\n"


def test_a_stream_kept_by_a_plugin_stays_usable(capsys: pytest.CaptureFixture[str]) -> None:
    with diverted_stdout():
        handler = logging.StreamHandler(sys.stdout)
    handler.handle(logging.makeLogRecord({"msg": "later"}))
    assert "later" in capsys.readouterr().err


def test_who_puts_the_stream_back_later_still_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """``redirect_stdout`` of another thread may begin within the block and end after it."""
    theirs = contextlib.redirect_stdout(io.StringIO())
    before = sys.stdout
    with diverted_stdout():
        in_thread(theirs.__enter__)
    theirs.__exit__(None, None, None)
    print("heard")
    with diverted_stdout():
        print("not on stdout")
    print("heard again")
    assert capsys.readouterr().out == "heard\nheard again\n"
    sys.stdout = before


def test_json_is_alone_on_stdout() -> None:
    code = (
        "import os\n"
        "from tickloom.cli.output import print_json, stdout_for_json_alone\n"
        "with stdout_for_json_alone(), stdout_for_json_alone():\n"
        "    print('a reader prints')\n"
        "    os.system('echo so does its child')\n"
        "    print_json({'a': 1})\n"
        "print('after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    printed, after = done.stdout.splitlines()
    assert json.loads(printed) == {"a": 1}
    assert after == "after"
    assert "a reader prints" in done.stderr
    assert "so does its child" in done.stderr


def test_json_reaches_a_stream_that_stands_in_for_stdout(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with stdout_for_json_alone():
        print_json([1])
    print("after")
    assert capsys.readouterr().out == "[1]\nafter\n"
