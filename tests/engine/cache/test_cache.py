"""The cache of compiled kernels survives damage, and is shared by processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from tests.engine.kernel_author import (
    Author,
    author,
    cache,
    profit,
)
from tests.fake_distributions import Site, load, site
from tests.programs import needs_cc

from tickloom.engine.cache.folder import LIBRARY_SUFFIX, clear
from tickloom.engine.loading.kernel import load_kernel
from tickloom.errors import CacheWarning
from tickloom.host import get_host

__all__ = ["author", "cache", "load", "site"]

PLUGIN = """
from typing import NamedTuple
from tickloom import hookimpl, step_kernel

TICKLOOM_API_VERSION = 1

class Params(NamedTuple):
    span: int = 3

def init(tick, constants):
    return 0.0

def step(state, tick, position, constants):
    return state, 1

@hookimpl
def tickloom_register_kernels():
    return [step_kernel("held", columns=("price",), params=Params, init=init, step=step)]
"""


def test_upgrading_a_plugin_makes_another_entry(site: Site, cache: Path) -> None:
    site.install("their-kernels", PLUGIN)
    (cache / "kernels").mkdir(parents=True)
    program = (
        "from tickloom.host import get_host;"
        "from tickloom.engine.loading.kernel import load_kernel;"
        "print(load_kernel(get_host().kernels.get('held')).compile_seconds > 0)"
    )

    def compiles() -> bool:
        environment = {**os.environ, "PYTHONPATH": str(site.folder)}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip() == "True"

    assert compiles()
    assert not compiles()
    old = site.folder / "their_kernels-1.0.dist-info"
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: their-kernels\nVersion: 1.1\n")
    old.rename(site.folder / "their_kernels-1.1.dist-info")
    assert compiles()


@pytest.mark.parametrize("damage", ["empty", "truncated", "flipped", "foreign", "another"])
def test_a_broken_entry_is_built_anew(author: Author, cache: Path, damage: str) -> None:
    spec = author.kernel()
    expected, _ = profit(spec)
    (entry,) = cache.rglob("*.tlk")
    whole = entry.read_bytes()
    if damage == "empty":
        entry.write_bytes(b"")
    elif damage == "truncated":
        entry.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        middle = len(whole) - 500
        entry.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    elif damage == "foreign":
        entry.write_bytes(b"PK\x03\x04 something else altogether\n" * 10)
    else:
        author.edit("helping", "SWITCH = True", "SWITCH = False")
        profit(author.kernel())
        (other,) = set(cache.rglob("*.tlk")) - {entry}
        entry.write_bytes(other.read_bytes())
    found, compiled = profit(spec)
    assert found == expected
    assert compiled > 0
    assert profit(spec) == (expected, 0.0)
    assert entry.read_bytes() != b""


def test_a_folder_that_cannot_be_written_costs_one_warning(
    author: Author, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(blocked))
    spec = author.kernel()
    with pytest.warns(CacheWarning, match="cannot be written .* set TICKLOOM_CACHE_DIR"):
        first, compiled = profit(spec)
    assert compiled > 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert profit(spec)[0] == first


def test_a_cache_that_is_read_only_but_filled_is_used(author: Author, cache: Path) -> None:
    expected, _ = profit(author.kernel())
    folders = [path for path in (cache, *cache.rglob("*")) if path.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert profit(author.kernel()) == (expected, 0.0)
    finally:
        for folder in folders:
            folder.chmod(0o755)


PROCESS = """
import json, sys
from tickloom.engine.loading.kernel import load_kernel
from tickloom.host import get_host

said = []
kernel = load_kernel(get_host().kernels.get(sys.argv[1]), announce=said.append)
print(json.dumps({"said": said, "numba": "numba" in sys.modules}))
"""


def processes(number: int, kernel: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-c", PROCESS, kernel]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(number)]
    outputs = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0] * number
    return [json.loads(output) for output in outputs]


@needs_cc
def test_of_eight_processes_one_builds_and_the_others_wait(cache: Path) -> None:
    """Both pieces of a kernel in C: the host's loop and the author's library."""
    said = [line for report in processes(8, "ema-cross-c") for line in report["said"]]
    assert sorted(line.partition(" in ")[0] for line in said) == [
        "compiled accounting (plain-last-one)",
        "compiled ema-cross-c (ema_cross.c)",
        "compiling accounting (plain-last-one)",
        "compiling ema-cross-c (ema_cross.c)",
    ]
    assert len(list(cache.rglob("*.tlk"))) == len(list(cache.rglob(f"c-*{LIBRARY_SUFFIX}"))) == 1


def test_a_warm_cache_needs_no_numba(cache: Path) -> None:
    load_kernel(get_host().kernels.get("buy-and-hold"))
    assert processes(1, "buy-and-hold") == [{"said": [], "numba": False}]


def test_clearing_removes_one_kernel_or_all(author: Author, cache: Path) -> None:
    profit(author.kernel())
    load_kernel(get_host().kernels.get("buy-and-hold"))
    assert clear("cached") == 1
    assert len(list(cache.rglob("*.tlk"))) == 1
    assert clear() == 1
    assert clear() == 0


def test_what_is_compiled_is_announced_once(author: Author, cache: Path) -> None:
    said: list[str] = []
    spec = author.kernel()
    load_kernel(spec, announce=said.append)
    load_kernel(spec, announce=said.append)
    assert said[0] == "compiling cached (plain-last)"
    assert said[1].startswith("compiled cached (plain-last) in ")
    assert len(said) == 2
