"""The cache of compiled kernels is never stale, survives damage, and is shared by processes."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fake_distributions import Site, load, site

from tickloom import KernelSpec
from tickloom.engine.cache.folder import LIBRARY_SUFFIX, clear
from tickloom.engine.compiled import Variant, load_kernel
from tickloom.engine.constants import layout_of
from tickloom.engine.loading import step_plan
from tickloom.errors import CacheWarning, UsageError
from tickloom.host import get_host

__all__ = ["load", "site"]

STEPS = """
from typing import NamedTuple

import helping
from helping import LIMITS, smooth
from tickloom import step_kernel

class Params(NamedTuple):
    weight: float = 0.5

def init(tick, constants):
    return tick.price

def step(state, tick, position, constants):
    mean = smooth(state, tick.price, constants.weight)
    return mean, 1 if tick.price > mean + LIMITS[0] and helping.allowed(position) else 0

KERNEL = step_kernel("cached", columns=("price",), params=Params, init=init, step=step)
"""
HELPING = """
LIMITS = (0.25, 1)
SWITCH = True

def smooth(old, new, weight):
    return deeper(old) + weight * (new - old)

def deeper(old):
    return old * 1.0

def allowed(position):
    return SWITCH
"""
PRICES = np.array([10.0, 10.4, 11.5, 11.0, 12.0, 13.0])


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(folder))
    return folder


class Author:
    """Someone who writes a kernel and edits it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "stepping.py").write_text(STEPS)
        (folder / "helping.py").write_text(HELPING)

    def edit(self, module: str, old: str, new: str) -> None:
        path = self.folder / f"{module}.py"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def kernel(self) -> KernelSpec:
        """The kernel as a new process would import it."""
        for name in ("stepping", "helping"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        kernel: KernelSpec = importlib.import_module("stepping").KERNEL
        return kernel


@pytest.fixture
def author(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Author:
    folder = tmp_path / "author"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "stepping", raising=False)
    monkeypatch.delitem(sys.modules, "helping", raising=False)
    return Author(folder)


def key(spec: KernelSpec, variant: Variant = Variant()) -> str:  # noqa: B008
    return step_plan(spec, variant, layout_of(spec)).key


def profit(spec: KernelSpec) -> tuple[float, float]:
    """Profit, and whether something was compiled."""
    kernel = load_kernel(spec)
    results = kernel(spec.params(), np.array([0, len(PRICES)]), [PRICES])
    return float(results.pnl[0]), kernel.compile_seconds


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("stepping", "else 0", "else -1"),
        ("stepping", "return tick.price", "return tick.price + 1"),
        ("stepping", "weight: float = 0.5", "weight: float = 0.4"),
        ("helping", "weight * (new - old)", "weight * (old - new)"),
        ("helping", "old * 1.0", "old * 1.5"),
        ("helping", "LIMITS = (0.25, 1)", "LIMITS = (0.5, 1)"),
        ("helping", "SWITCH = True", "SWITCH = False"),
    ],
)
def test_an_edit_anywhere_in_the_closure_makes_another_entry(
    author: Author, module: str, old: str, new: str
) -> None:
    before = key(author.kernel())
    assert key(author.kernel()) == before
    author.edit(module, old, new)
    assert key(author.kernel()) != before


def test_a_comment_makes_no_other_entry(author: Author) -> None:
    before = key(author.kernel())
    author.edit("helping", "SWITCH = True", "SWITCH = True  # why not")
    assert key(author.kernel()) == before


def test_an_edited_helper_and_constant_change_results(author: Author, cache: Path) -> None:
    first, compiled = profit(author.kernel())
    assert compiled > 0
    assert profit(author.kernel()) == (first, 0.0)
    author.edit("helping", "LIMITS = (0.25, 1)", "LIMITS = (0.6, 1)")
    second, compiled = profit(author.kernel())
    assert compiled > 0
    author.edit("helping", "SWITCH = True", "SWITCH = False")
    third, compiled = profit(author.kernel())
    assert compiled > 0
    assert len({first, second, third}) == 3
    assert third == 0.0


def test_versions_flags_and_cpu_are_part_of_the_key(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from tickloom.engine.cache import key as keys

    spec = author.kernel()
    known = {key(spec), key(spec, Variant(checked=True)), key(replace(spec, flags=("contract",)))}
    known.add(key(replace(spec, version="2")))
    monkeypatch.setattr("tickloom.__version__", "99.0")
    known.add(key(spec))
    monkeypatch.setattr(keys, "_machine", lambda: ("numba 99",))
    known.add(key(spec))
    monkeypatch.setenv("NUMBA_OPT", "1")
    known.add(key(spec))
    assert len(known) == 7


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
        "from tickloom.host import get_host; from tickloom.engine.compiled import load_kernel;"
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
from tickloom.engine.compiled import load_kernel
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


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler called cc")
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


def test_an_object_whose_changes_could_not_be_noticed_is_refused(author: Author) -> None:
    author.edit("helping", "SWITCH = True", "class Box:\n    on = True\n\nSWITCH = Box()")
    with pytest.raises(
        UsageError, match=r"'cached': allowed in .*helping\.py refers to a Box object"
    ):
        key(author.kernel())


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("np.zeros(125_001)", "an array of 1,000,008 bytes"),
        ("np.zeros(10)[::2]", "an array that is a view with gaps"),
    ],
)
def test_an_array_that_code_could_not_carry_along_is_refused(
    author: Author, table: str, found: str
) -> None:
    """Numba would take its address, and the next process crash on it."""
    author.edit("helping", "SWITCH = True", f"import numpy as np\n\nSWITCH = (1, {table})")
    with pytest.raises(UsageError, match=rf"'cached': allowed in .*helping\.py refers to {found}"):
        key(author.kernel())
    author.edit("helping", table, "np.zeros(125_000)")
    key(author.kernel())


def test_what_is_compiled_is_announced_once(author: Author, cache: Path) -> None:
    said: list[str] = []
    spec = author.kernel()
    load_kernel(spec, announce=said.append)
    load_kernel(spec, announce=said.append)
    assert said[0] == "compiling cached (plain-last)"
    assert said[1].startswith("compiled cached (plain-last) in ")
    assert len(said) == 2
