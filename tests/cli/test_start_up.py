"""What answers at once imports none of the heavy libraries, and a warm run not the compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.engine.run_stores import MONDAY, build, uneven_frame

HEAVY = {"polars", "numba", "pyarrow"}
PROGRAM = """
import sys
from tickloom.cli.main import main

try:
    main(sys.argv[1:])
finally:
    print(*sys.modules, file=sys.stderr)
"""


def imported(*arguments: str) -> set[str]:
    """The modules that a command imports in a new interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["--no-plugins", "plugins", "list"], ["run", "--help"]],
    ids=" ".join,
)
def test_what_only_tells_imports_no_heavy_library(arguments: list[str]) -> None:
    found = imported(*arguments)
    assert "click" in found
    assert found & HEAVY == set()


def test_a_warm_run_does_not_import_numba(tmp_path: Path) -> None:
    store = build(tmp_path / "store", {MONDAY: uneven_frame(MONDAY, 91)})
    arguments = ["run", "buy-and-hold", str(store), "--workers", "1"]
    imported(*arguments)  # compiles, unless another test did
    found = imported(*arguments)
    assert "polars" in found
    assert "numba" not in found


@pytest.mark.parametrize("options", [[], ["--hot"], ["--out", "results"]], ids=" ".join)
def test_a_run_makes_its_tables_without_masked_arrays_and_pandas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """NumPy's masked arrays take longer to import than a million rows to run over."""
    monkeypatch.chdir(tmp_path)
    store = build(tmp_path / "store", {MONDAY: uneven_frame(MONDAY, 92)})
    arguments = ["run", "buy-and-hold", str(store), *options]
    imported(*arguments)  # compiles the kernel and builds the hot tier
    found = imported(*arguments)
    assert "polars" in found
    assert found & {"numpy.ma", "pandas"} == set()
