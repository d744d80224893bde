"""A kernel in C: built from its source, or taken from a library; what is missing is named."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from tests.engine.tick_slices import random_slice
from tests.programs import needs_cc

from tickloom import KernelSpec, native_kernel
from tickloom.engine.cache.folder import LIBRARY_SUFFIX, clear
from tickloom.engine.compiling import c_source
from tickloom.engine.compiling.c_source import FLAGS, HEADER
from tickloom.engine.loading.build import built
from tickloom.engine.loading.kernel import CostTerms, FillModel, Variant, load_kernel
from tickloom.errors import CacheWarning, PluginError
from tickloom.host import get_host

pytestmark = needs_cc


class Params(NamedTuple):
    size: int = 1


SOURCE = """
#include "tickloom.h"
TICKLOOM_EXPORT int32_t hold(int64_t n, const int64_t *offsets, const double *price,
                             const int64_t *size, int32_t *wanted) {
    (void)price;
    for (int64_t i = offsets[0]; i < offsets[n]; i++) wanted[i] = (int32_t)*size;
    return *size == 7 ? 42 : TICKLOOM_OK;
}
"""
OFFSETS, PRICES = np.array([0, 3]), np.array([1.0, 2.0, 5.0])


def hold(folder: Path, text: str = SOURCE, symbol: str = "hold") -> KernelSpec:
    source = folder / "hold.c"
    source.write_text(text)
    return native_kernel(
        "hold", columns=("price",), params=Params, source=source, symbol=symbol, max_position=9
    )


@pytest.mark.parametrize(
    ("fill", "costs"),
    [
        (FillModel(), None),
        (FillModel(mode="touch", latency_ticks=1), CostTerms(multiplier=15, sell_rate=0.001)),
    ],
    ids=["plain", "touch"],
)
def test_ema_cross_in_c_equals_the_array_kernel(fill: FillModel, costs: CostTerms | None) -> None:
    ticks = random_slice(31, (500, 1, 0, 90))
    variant = Variant.of(fill, costs=costs is not None, logged=True)
    results = []
    for name in ("ema-cross-c", "ema-cross-array"):
        kernel = load_kernel(get_host().kernels.get(name), variant)
        columns = ticks.arrays(kernel.required_columns)
        params = kernel.spec.params()
        results.append(kernel(params, ticks.offsets, columns, fill=fill, costs=costs))
    native, array = results
    assert native.pnl.tobytes() == array.pnl.tobytes()
    assert native.trades.tolist() == array.trades.tolist()
    assert native.log is not None
    assert array.log is not None
    assert native.log.tobytes() == array.log.tobytes()
    assert native.trades.sum() > 0


def test_an_edited_source_is_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path / "cache"))
    first = load_kernel(hold(tmp_path))(Params(2), OFFSETS, [PRICES])
    assert first.pnl.tolist() == [6.0]
    edited = SOURCE.replace("(int32_t)*size", "-(int32_t)*size")
    second = load_kernel(hold(tmp_path, edited))(Params(2), OFFSETS, [PRICES])
    assert second.pnl.tolist() == [-6.0]
    assert load_kernel(hold(tmp_path, edited)).compile_seconds == 0


def test_an_edited_header_beside_the_source_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path / "cache"))
    text = '#include "sign.h"\n' + SOURCE.replace("(int32_t)*size", "SIGN * (int32_t)*size")
    found = []
    for sign in ("1", "-1"):
        (tmp_path / "sign.h").write_text(f"#define SIGN {sign}\n")
        found.append(load_kernel(hold(tmp_path, text))(Params(2), OFFSETS, [PRICES]).pnl.tolist())
    assert found == [[6.0], [-6.0]]


def test_an_edited_header_anywhere_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that the compiler finds by its own paths, and one that comes to shadow it."""
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path / "cache"))
    included, elsewhere, nearer = (tmp_path / name for name in ("src", "elsewhere", "nearer"))
    for folder in (included, elsewhere, nearer):
        folder.mkdir()
    monkeypatch.setenv("CPATH", f"{nearer}:{elsewhere}")
    text = "#include <sign.h>\n" + SOURCE.replace("(int32_t)*size", "SIGN * (int32_t)*size")
    found = []
    for place, sign in ((elsewhere, "1"), (elsewhere, "-1"), (nearer, "2")):
        (place / "sign.h").write_text(f"#define SIGN {sign}\n")
        found.append(load_kernel(hold(included, text))(Params(2), OFFSETS, [PRICES]).pnl.tolist())
    assert found == [[6.0], [-6.0], [12.0]]


def test_another_compiler_makes_another_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version under the same name, another command, and other flags."""
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path / "cache"))
    compiler = tmp_path / "mycc"
    monkeypatch.setenv("CC", str(compiler))

    def install(version: str) -> None:
        compiler.write_text(
            f'#!/bin/sh\nif [ "$1" = --version ]; then echo mycc {version}; else cc "$@"; fi\n'
        )
        compiler.chmod(0o755)

    def compiles() -> bool:
        kernel = load_kernel(hold(tmp_path))
        assert kernel(Params(2), OFFSETS, [PRICES]).pnl.tolist() == [6.0]
        return kernel.compile_seconds > 0

    install("12.1")
    assert [compiles(), compiles()] == [True, False]
    install("12.2")
    assert [compiles(), compiles()] == [True, False]
    monkeypatch.setenv("CC", "cc")
    assert [compiles(), compiles()] == [True, False]
    monkeypatch.setattr(c_source, "FLAGS", (*FLAGS, "-fno-strict-aliasing"))
    assert [compiles(), compiles()] == [True, False]


def test_the_state_of_the_cache_counts_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path / "cache"))
    spec = hold(tmp_path)
    _, total = built(spec)
    assert built(spec) == (0, total)
    load_kernel(spec)
    assert built(spec) == (2, total)  # the library, and the host's plain loop
    (library,) = (tmp_path / "cache").rglob(f"c-*{LIBRARY_SUFFIX}")
    data = library.read_bytes()
    library.unlink()  # the one that is open stays as it is
    library.write_bytes(data[:100])
    assert built(spec) == (1, total)
    load_kernel(spec)
    assert built(hold(tmp_path, SOURCE.replace("== 7", "== 8"))) == (1, total)  # an edited source
    assert built(hold(tmp_path, "#error no")) == (1, total)
    assert clear("hold") == 1
    assert [path.name for path in (tmp_path / "cache" / "kernels").iterdir()] == ["accounting"]
    assert built(hold(tmp_path)) == (1, total)


@pytest.mark.parametrize("keep", [0, 100], ids=["empty", "cut off"])
def test_a_damaged_library_is_built_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: int
) -> None:
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path / "cache"))
    load_kernel(hold(tmp_path))
    (library,) = (tmp_path / "cache").rglob(f"c-*{LIBRARY_SUFFIX}")
    data = library.read_bytes()
    library.unlink()  # the one that is open stays as it is
    library.write_bytes(data[:keep])
    again = load_kernel(hold(tmp_path))
    assert again.compile_seconds > 0
    assert again(Params(2), OFFSETS, [PRICES]).pnl.tolist() == [6.0]


def test_a_folder_that_cannot_be_written_costs_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(blocked))
    with pytest.warns(CacheWarning, match="cannot be written"):
        first = load_kernel(hold(tmp_path))
    second = load_kernel(hold(tmp_path))  # a second warning would be an error
    assert first(Params(2), OFFSETS, [PRICES]).pnl.tolist() == [6.0]
    assert second(Params(2), OFFSETS, [PRICES]).pnl.tolist() == [6.0]


def test_a_ready_library_is_taken(tmp_path: Path) -> None:
    hold(tmp_path)
    library = tmp_path / "libhold.so"
    command = ["cc", *FLAGS, "-shared", f"-I{HEADER.parent}", "-o", library, tmp_path / "hold.c"]
    subprocess.run(command, check=True)
    spec = native_kernel(
        "ready", columns=("price",), params=Params, library=library, symbol="hold", max_position=9
    )
    assert load_kernel(spec)(Params(3), OFFSETS, [PRICES]).pnl.tolist() == [9.0]


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = native_kernel(
        "gone", columns=("price",), params=Params, library=tmp_path / "no.so", symbol="hold"
    )
    with pytest.raises(PluginError, match=r"'gone': the library .*no\.so cannot be opened"):
        load_kernel(gone)
    with pytest.raises(PluginError, match="has no symbol 'held'; export it with C linkage"):
        load_kernel(hold(tmp_path, symbol="held"))
    with pytest.raises(PluginError, match=r"(?s)hold\.c does not compile \(cc .*error"):
        load_kernel(hold(tmp_path, SOURCE.replace("return", "retrun")))
    with pytest.raises(PluginError, match="its loop reported failure 42; 0 means success"):
        load_kernel(hold(tmp_path))(Params(7), OFFSETS, [PRICES])
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(
        PluginError, match="there is no 'no-such-compiler'; install one, or name it"
    ):
        load_kernel(hold(tmp_path))
