"""Stdout belongs to the command: what plugins print goes to stderr."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest

from tickloom.cli.output import print_json, stdout_for_json_alone
from tickloom.host.stdout import diverted_stdout


def test_python_c_and_children_are_diverted(capfd: pytest.CaptureFixture[str]) -> None:
    with diverted_stdout() as diverted:
        print("python")
        os.write(1, b"descriptor")
        subprocess.run([sys.executable, "-c", "print('child')"], check=True)
    print("after")
    out, err = capfd.readouterr()
    assert out == "after\n"
    assert all(text in err for text in ("python", "descriptor", "child"))
    assert diverted.used


def test_silence_is_noticed_too() -> None:
    with diverted_stdout() as diverted:
        pass
    assert not diverted.used


def test_a_stream_kept_by_a_plugin_stays_usable(capfd: pytest.CaptureFixture[str]) -> None:
    with diverted_stdout():
        handler = logging.StreamHandler(sys.stdout)
    handler.handle(logging.makeLogRecord({"msg": "later"}))
    assert "later" in capfd.readouterr().err


def test_json_is_alone_on_stdout() -> None:
    code = (
        "import os\n"
        "from tickloom.cli.output import print_json, stdout_for_json_alone\n"
        "with stdout_for_json_alone(), stdout_for_json_alone():\n"
        "    print('a reader prints')\n"
        "    os.system('echo so does its child')\n"
        "    print_json({'a': 1})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert json.loads(done.stdout) == {"a": 1}
    assert "a reader prints" in done.stderr
    assert "so does its child" in done.stderr


def test_json_reaches_a_stream_that_stands_in_for_stdout(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with stdout_for_json_alone():
        print_json([1])
    print("after")
    assert capsys.readouterr().out == "[1]\nafter\n"
