"""The cache of compiled kernels is never stale, survives damage, and is shared by processes."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.fake_distributions import Site, load, site

from tickloom import KernelSpec
from tickloom.engine.cache import key as keys
from tickloom.engine.cache.folder import LIBRARY_SUFFIX, clear
from tickloom.engine.compiled import Variant, load_kernel
from tickloom.engine.constants import layout_of
from tickloom.engine.loading import array_plan, step_plan
from tickloom.errors import CacheWarning, UsageError
from tickloom.host import get_host

__all__ = ["load", "site"]

Change = Callable[[pytest.MonkeyPatch], None]

STEPS = """
from typing import NamedTuple

import helping
from helping import LIMITS, smooth
from tickloom import array_kernel, step_kernel

class Params(NamedTuple):
    weight: float = 0.5

def init(tick, constants):
    return tick.price

def step(state, tick, position, constants):
    mean = smooth(state, tick.price, constants.weight)
    return mean, 1 if tick.price > mean + LIMITS[0] and helping.allowed(position) else 0

KERNEL = step_kernel("cached", columns=("price",), params=Params, init=init, step=step)

def loop(offsets, columns, constants, wanted):
    for contract in range(len(offsets) - 1):
        mean = columns.price[offsets[contract]]
        for row in range(offsets[contract] + 1, offsets[contract + 1]):
            price = columns.price[row]
            mean = smooth(mean, price, constants.weight)
            wanted[row] = price > mean and helping.allowed(row)

ARRAY = array_kernel("cached-array", columns=("price",), params=Params, loop=loop)
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


def array_kernel_of_author() -> KernelSpec:
    """The array kernel of the module that the author's step was imported from last."""
    kernel: KernelSpec = sys.modules["stepping"].ARRAY
    return kernel


def array_key() -> str:
    spec = array_kernel_of_author()
    return array_plan(spec, Variant(), layout_of(spec)).key


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
    before = key(author.kernel()), array_key()
    assert (key(author.kernel()), array_key()) == before
    author.edit(module, old, new)
    assert key(author.kernel()) != before[0]
    if module == "helping" and "LIMITS" not in old:
        assert array_key() != before[1]


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


def _upgraded(library: str) -> Change:
    def version(name: str) -> str:
        return "99.9" if name == library else metadata.version(name)

    return lambda patch: patch.setattr(keys, "version", version)


CHANGES: dict[str, Change] = {
    "tickloom": lambda patch: patch.setattr("tickloom.__version__", "99.9"),
    "plugin": lambda patch: patch.setattr(keys, "plugin_of", lambda spec: ("theirs", "1.1")),
    "numba": _upgraded("numba"),
    "numpy": _upgraded("numpy"),
    "llvmlite": lambda patch: patch.setattr("llvmlite.__version__", "99.9"),
    "python": lambda patch: patch.setattr(sys.implementation, "name", "otherpython"),
    "system": lambda patch: patch.setattr("platform.system", lambda: "Plan9"),
    "target": lambda patch: patch.setattr(keys.llvm, "get_process_triple", lambda: "riscv64"),
    "cpu name": lambda patch: patch.setattr(keys.llvm, "get_host_cpu_name", lambda: "i486"),
    "cpu features": lambda patch: patch.setattr(
        keys.llvm, "get_host_cpu_features", lambda: SimpleNamespace(flatten=lambda: "+none")
    ),
    **{
        name: (lambda patch, name=name: patch.setenv(name, "1"))  # type: ignore[misc]
        for name in ("NUMBA_OPT", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_LOOP_VECTORIZE")
    },
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_part_of_the_surroundings_makes_another_entry(
    author: Author, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of step and array kernels alike."""
    monkeypatch.setattr(keys, "_machine", keys._machine.__wrapped__)
    spec = author.kernel()
    monkeypatch.setattr(keys, "plugin_of", lambda spec: ("theirs", "1.0"))
    before = key(spec), array_key()
    assert (key(spec), array_key()) == before
    CHANGES[what](monkeypatch)
    assert key(spec) != before[0]
    assert array_key() != before[1]


@pytest.mark.parametrize(
    "changed",
    [{"flags": ("contract",)}, {"flags": ("contract", "nsz")}, {"version": "2"}, {"name": "other"}],
    ids=str,
)
def test_flags_version_and_name_of_a_kernel_make_another_entry(
    author: Author, changed: dict[str, Any]
) -> None:
    spec = author.kernel()
    assert key(replace(spec, **changed)) != key(spec)
    assert key(spec, Variant(checked=True)) != key(spec)


def test_an_edited_helper_of_an_array_kernel_changes_results(author: Author, cache: Path) -> None:
    found = []
    for factor in ("1.0", "9.0"):
        author.edit("helping", "old * 1.0", f"old * {factor}")
        author.kernel()
        kernel = load_kernel(array_kernel_of_author())
        assert kernel.compile_seconds > 0
        results = kernel(kernel.spec.params(), np.array([0, len(PRICES)]), [PRICES])
        found.append(float(results.pnl[0]))
        assert load_kernel(array_kernel_of_author()).compile_seconds == 0
    # Above its mean from the second row to the end; then the mean is out of reach.
    assert found == [13.0 - 10.4, 0.0]


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
