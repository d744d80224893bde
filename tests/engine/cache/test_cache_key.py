"""A change in whatever a kernel is made of makes another cache entry; anything else does not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.engine.kernel_author import (
    PRICES,
    Author,
    array_kernel_of_author,
    array_key,
    author,
    cache,
    key,
    profit,
)

from tickloom.engine.cache import key as keys
from tickloom.engine.loading.kernel import Variant, load_kernel
from tickloom.errors import UsageError

__all__ = ["author", "cache"]

Change = Callable[[pytest.MonkeyPatch], None]


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
    "tickloom": lambda patch: patch.setattr("tickloom.engine.cache.key.__version__", "99.9"),
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
