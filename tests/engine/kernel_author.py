"""An author who writes a step and an array kernel and edits them, and a cache of his own."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from tickloom import KernelSpec
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.loading.kernel import Variant, load_kernel
from tickloom.engine.loading.plans import array_plan, step_plan

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
    return step_plan(Specialised.of(spec, variant)).key


def array_kernel_of_author() -> KernelSpec:
    """The array kernel of the module that the author's step was imported from last."""
    kernel: KernelSpec = sys.modules["stepping"].ARRAY
    return kernel


def array_key() -> str:
    spec = array_kernel_of_author()
    return array_plan(Specialised.of(spec)).key


def profit(spec: KernelSpec) -> tuple[float, float]:
    """Profit, and whether something was compiled."""
    kernel = load_kernel(spec)
    results = kernel(spec.params(), np.array([0, len(PRICES)]), [PRICES])
    return float(results.pnl[0]), kernel.compile_seconds
