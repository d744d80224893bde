"""What authors register with ``numba.extending`` is part of a kernel's key, and so is how."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba.core.typing.templates import builtin_registry

from tickloom import KernelSpec, step_kernel
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.loading.kernel import load_kernel
from tickloom.engine.loading.plans import step_plan
from tickloom.errors import UsageError

STEPPING = """
from typing import NamedTuple

import math
import filling_in  # registers something for a function that it does not define
from registering import jitable, stub
from tickloom import step_kernel

class Params(NamedTuple):
    weight: float = 0.5

def init(tick, constants):
    return tick.price

def step(state, tick, position, constants):
    far = math.nextafter(tick.price, 9.0)
    return state, 1 if jitable(stub(tick.price)) > far else 0

KERNEL = step_kernel("registered", columns=("price",), params=Params, init=init, step=step)
"""
REGISTERING = """
from numba import types
from numba.extending import overload, overload_method, register_jitable

SCALE = 1.0
KIND = types.float64

def stub(x):
    raise NotImplementedError("compiled code takes what is registered")

def deeper(x):
    return x * SCALE

@overload(stub)
def choose(x):
    if x == KIND:
        def implementation(x):
            return deeper(x) + 1.0
        return implementation

@overload_method(types.Boolean, "doubled")
def choose_doubled(x):
    return lambda x: 2.0 * x

@register_jitable(error_model="python")
def jitable(x):
    return x
"""
FILLING_IN = """
import math

from numba.extending import overload

@overload(math.nextafter)
def choose_nextafter(x, y):
    return lambda x, y: x + 0.5
"""
MODULES = {"stepping": STEPPING, "registering": REGISTERING, "filling_in": FILLING_IN}


class Author:
    """Someone who writes a kernel and edits what it registers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in MODULES.items():
            (folder / f"{name}.py").write_text(text)

    def edit(self, old: str, new: str) -> None:
        texts = {self.folder / f"{name}.py": text for name, text in MODULES.items()}
        (path,) = (path for path, text in texts.items() if old in text)
        path.write_text(texts[path].replace(old, new))

    def kernel(self) -> KernelSpec:
        """The kernel as a new process would import it."""
        for name in MODULES:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        kernel: KernelSpec = importlib.import_module("stepping").KERNEL
        return kernel

    def key(self) -> str:
        """The key in a new process, where nothing of an earlier import is registered."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("functions", "globals", "attributes"):
                patch.setattr(builtin_registry, name, list(getattr(builtin_registry, name)))
            return key(self.kernel())


@pytest.fixture
def author(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Author:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path / "cache"))
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return Author(tmp_path)


def key(spec: KernelSpec) -> str:
    return step_plan(Specialised.of(spec)).key


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("deeper(x) + 1.0", "deeper(x) + 2.0"),
        ("SCALE = 1.0", "SCALE = 0.0"),
        ("types.float64", "types.float32"),
        ("x + 0.5", "x - 0.5"),
        ("2.0 * x", "3.0 * x"),
        ('error_model="python"', 'error_model="numpy"'),
        ('error_model="python"', 'inline="always"'),
        ("@overload(stub)", '@overload(stub, jit_options={"boundscheck": True})'),
    ],
)
def test_an_edit_of_what_is_registered_makes_another_entry(
    author: Author, old: str, new: str
) -> None:
    before = author.key()
    assert author.key() == before
    author.edit(old, new)
    assert author.key() != before


def test_an_edited_implementation_changes_results(author: Author) -> None:
    found = []
    for offset in ("+ 1.0", "- 1.0"):
        author.edit("+ 1.0", offset)
        spec = author.kernel()
        before = key(spec)
        kernel = load_kernel(spec)
        assert kernel.compile_seconds > 0
        assert key(spec) == before  # compiling registers helpers, which is not the author's doing
        results = kernel(spec.params(), np.array([0, 3]), [np.array([1.0, 2.0, 5.0])])
        found.append(results.pnl.tolist())
    assert found == [[3.0], [0.0]]


def test_a_helper_that_is_compiled_with_fast_math_is_refused(author: Author) -> None:
    author.edit('error_model="python"', "fastmath=True")
    with pytest.raises(UsageError, match=r"'registered': its helper jitable is .* fastmath=True"):
        author.key()


def test_a_jitclass_is_refused(author: Author) -> None:
    box = "@jitclass([])\nclass SCALE:\n    def __init__(self): pass"
    author.edit("SCALE = 1.0", f"from numba.experimental import jitclass\n{box}")
    with pytest.raises(UsageError, match=r"deeper in .* refers to the jitclass SCALE, whose chang"):
        key(author.kernel())


class Params(NamedTuple):
    factor: float = 1 + 2**-30
    square: float = (1 + 2**-30) ** 2


def init(tick: Any, constants: Any) -> Any:
    return 0


def rest(factor: float, square: float) -> float:
    return factor * factor - square


def step(state: Any, tick: Any, position: int, constants: Any) -> Any:
    return state, 1 if rest(constants.factor, constants.square) != 0.0 else 0


def test_kernels_with_other_flags_share_a_helper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The helper is compiled with the flags of the kernel that calls it, whichever came first: a
    fused multiply-add leaves a rest where strict arithmetic leaves none."""
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path))
    trades = []
    for flags in (("contract",), ()):
        spec = step_kernel(
            "rest", columns=("price",), params=Params, init=init, step=step, flags=flags
        )
        kernel = load_kernel(spec)
        prices = np.array([1.0, 2.0, 5.0])
        trades.append(int(kernel(Params(), np.array([0, 3]), [prices]).trades[0]))
    assert trades[1] == 0
