"""What a command line cannot mean is refused with one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tickloom.cli.main import cli

REFUSED = {
    "run k s --right CE --right PE": "--right takes one value; it is given 2 times",
    "run k s --workers 1 --workers 2": "--workers takes one value; it is given 2 times",
    "run k s --hot --no-hot": "--hot takes one value; it is given 2 times",
    "pack a b --memory 1G --memory 2G": "--memory takes one value; it is given 2 times",
    "calendar lookup x --exchange nse --exchange nse": "--exchange takes one value",
    "pack file:///a b": "file:///a is an address",
    "run k s --out s3://bucket/key": "s3://bucket/key is an address",
    "synth OUT --rows 999999999999999999999": "expected 1 to 1,000,000,000 rows",
    "demo --rows 999999999999999999999": "expected 1 to 1,000,000,000 rows",
    "synth OUT --seed -1": "expected a seed from 0 on; found -1",
    "info memory://x": "memory://x is an address",
}


@pytest.mark.parametrize("line", REFUSED)
def test_refused(tmp_path: Path, line: str) -> None:
    args = [each.replace("OUT", str(tmp_path / "out")) for each in line.split()]
    done = CliRunner().invoke(cli, args)
    error = done.exception
    assert getattr(error, "exit_code", None) == 2 or done.exit_code == 2
    assert REFUSED[line] in done.output + str(error)


@pytest.mark.parametrize("wait", ["nan", "inf", "-1", "1e300"])
def test_how_long_to_wait_is_a_number_of_seconds(tmp_path: Path, wait: str) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "nifty25nov25500ce.parquet").write_bytes(b"")
    line = ["pack", str(tmp_path / "raw"), str(tmp_path / "store"), "--wait", wait]
    done = CliRunner().invoke(cli, line)
    assert "wait must be a number of seconds" in str(done.exception)


def test_what_only_says_the_same_again_may_be_repeated(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["plugins", "list", "--json", "--json"])
    assert done.exit_code == 0
