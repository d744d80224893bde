"""After ``tickloom kernels build`` nothing is left to compile, whatever a run or sweep asks for."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import psutil  # type: ignore[import-untyped]
import pytest
from tests.engine.run_stores import MONDAY, build, uneven_frame
from tests.fake_distributions import Site, load, site
from tests.programs import needs_cc

from tickloom import KernelSpec
from tickloom.cli.main import main
from tickloom.engine.cache.folder import LIBRARY_SUFFIX
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.kernels.variant import BOOK_COLUMNS, LatencyKind, Variant
from tickloom.engine.loading import author_loop
from tickloom.engine.loading import build as building
from tickloom.engine.loading import kernel as compiled
from tickloom.engine.loading.plans import Plan
from tickloom.engine.sweeping import kernel as sweep_call
from tickloom.host import get_host

__all__ = ["load", "site"]

KERNELS = ["buy-and-hold", "ema-cross-array", "ema-cross-c"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with values in the whole book."""
    frame = uneven_frame(MONDAY, 81, nulls=False)
    deeper = [
        pl.lit(5).cast(frame.schema[f"{side}q{i}"]).alias(f"{side}q{i}")
        for side in "bs"
        for i in range(5)
    ]
    for i in range(1, 5):
        deeper += [(pl.col("bp0") - i).alias(f"bp{i}"), (pl.col("sp0") + i).alias(f"sp{i}")]
    return build(tmp_path_factory.mktemp("build") / "store", {MONDAY: frame.with_columns(deeper)})


def variants(spec: KernelSpec) -> Iterator[Variant]:
    """All that a run could ask for, the hot tier's types included."""
    yes_or_no = (False, True)
    latencies: tuple[LatencyKind, ...] = ("none", "ticks", "time")
    for fill, latency in itertools.product(BOOK_COLUMNS, latencies):
        for logged, stale, costs in itertools.product(yes_or_no, repeat=3):
            variant = Variant(fill=fill, latency=latency, logged=logged, stale=stale, costs=costs)
            yield variant
            yield Specialised.of(spec, variant).hot().variant


@needs_cc
@pytest.mark.parametrize("name", [*KERNELS, "ema-cross", "ema-cross-short", "book-imbalance"])
def test_a_build_has_every_loop_that_a_run_or_sweep_asks_for(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()

    def note(plan: Plan, announce: object = None) -> tuple[Any, float]:
        asked.add(f"{plan.kernel}/{plan.label}-{plan.key}")
        return SimpleNamespace(address=1, image=b"", needs=()), 0.0

    spec = get_host().kernels.get(name)
    if spec.kind == "native":
        library = author_loop.native_library(spec)
        monkeypatch.setattr(author_loop, "native_library", lambda *_: library)
    monkeypatch.setattr(compiled, "load_code", note)
    monkeypatch.setattr(author_loop, "load_code", note)
    monkeypatch.setattr(sweep_call, "load_entry", note)
    for variant in variants(spec):
        compiled.load_kernel(spec, variant)
        sweep_call.load_sweep(spec, variant)
    assert asked == {f"{plan.kernel}/{plan.label}-{plan.key}" for plan in building.plans(spec)}


FORMS = """
import json, sys
import tickloom
from numba.core import event

seconds = 0.0
_, store, *kernels = sys.argv
FILLS = [
    {}, {"log": True}, {"fill": "touch"}, {"fill": "depth"}, {"costs": "nse"},
    {"costs": "fee=1,lot=75"}, {"latency": "2"}, {"latency": "250ms"},
    {"fill": "touch", "stale_ms": 500}, {"fill": "depth", "latency": "1", "costs": "nse"},
    {"hot": True}, {"hot": True, "fill": "touch", "log": True}, {"hot": False},
]
with event.install_recorder("numba:compile") as recorder:
    for kernel in kernels:
        for options in FILLS:
            seconds += tickloom.run(kernel, store, **options).compile_s
        grid = {"size": "1:40"} if kernel == "buy-and-hold" else {"fast": "2:41"}
        for options in ({}, {"hot": False}, {"fill": "touch"}, {"costs": "nse"}):
            seconds += tickloom.sweep(kernel, store, grid=grid, **options).compile_s
print(json.dumps({"compile_s": seconds, "compiled": [str(e) for _, e in recorder.buffer]}))
"""


@pytest.mark.slow
@needs_cc
def test_runs_and_sweeps_after_a_build_make_numba_compile_nothing(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Numba's own account, in a new interpreter."""
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path))

    def succeed(*command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, timeout=280
        )
        assert done.returncode == 0, done.stderr
        return done

    said = succeed("-m", "tickloom", "kernels", "build", *KERNELS).stderr.splitlines()
    pieces = list(tmp_path.rglob("*.tlk")) + list(tmp_path.rglob(f"c-*{LIBRARY_SUFFIX}"))
    assert sum(line.startswith("compiled") for line in said) == len(pieces)
    # One of the step, one of the host's and the library; other processes say what they have done.
    here = 3 if (os.cpu_count() or 1) > 1 else len(pieces)
    assert sum(line.startswith("compiling") for line in said) == here
    run = succeed("-c", FORMS, str(store), *KERNELS)
    assert json.loads(run.stdout) == {"compile_s": 0.0, "compiled": []}
    assert run.stderr == ""


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_cold_run_says_once_what_it_compiles_and_how_long_that_took(
    store: Path,
    tmp_path: Path,
    executor: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path))
    told = []
    options = ["--no-hot", "--workers", "2"]
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            main(["run", "buy-and-hold", str(store), *options, "--executor", executor])
        assert ended.value.code == 0
        told.append(capfd.readouterr())
    first, second = told[0].err.splitlines()
    assert first == "compiling buy-and-hold (plain-last)"
    assert second.startswith("compiled buy-and-hold (plain-last) in ")
    assert second.endswith(" s")
    assert "\nCompiled:" in told[0].out
    assert told[1].err == ""
    assert "Compiled" not in told[1].out


CHANGING = """
from typing import NamedTuple
from tickloom import hookimpl, step_kernel

TICKLOOM_API_VERSION = 1

class Params(NamedTuple):
    span: int = 3

def init(tick, constants):
    return 0.0

def step(state, tick, position, constants):
    return (state, tick.price), 1

@hookimpl
def tickloom_register_kernels():
    return [step_kernel("grows", columns=("price",), params=Params, init=init, step=step)]
"""


def test_a_build_refuses_a_step_whose_types_change_by_its_line(site: Site, tmp_path: Path) -> None:
    module = site.install("their-kernels", CHANGING)
    done = site.command("kernels", "build", "grows", env={"TICKLOOM_CACHE_DIR": str(tmp_path)})
    assert done.returncode == 2
    assert done.stdout == ""
    line = CHANGING[: CHANGING.index("return (state")].count("\n") + 1
    *announced, said = done.stderr.splitlines()
    assert announced == ["compiling grows (plain-last)"]
    assert said.startswith(
        f"tickloom: kernel 'grows': step at {site.folder / module}.py, line {line} must return a "
        "state of the type that it got; it got float64 and returns "
    )
    assert said.endswith("Give each field one type, in init as in step")


@pytest.mark.slow
@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.skipif(sys.platform == "win32", reason="has no signals that are sent to groups")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one CPU builds in one process")
def test_ctrl_c_ends_a_build_without_a_traceback(tmp_path: Path) -> None:
    done = subprocess.Popen(
        [sys.executable, "-m", "tickloom", "kernels", "build", "buy-and-hold"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TICKLOOM_CACHE_DIR": str(tmp_path)},
        start_new_session=True,
    )
    builder = psutil.Process(done.pid)
    while len(builder.children()) < 3 and done.poll() is None:  # two that build, and their tracker
        time.sleep(0.01)
    os.killpg(done.pid, signal.SIGINT)
    _, said = done.communicate(timeout=60)
    assert done.returncode == 130, said
    assert said.endswith("\ninterrupted\n")
    assert "Traceback" not in said
