"""``tickloom kernels``: list, build, clear, header."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.programs import needs_cc

from tickloom.cli.kernels import command
from tickloom.engine.compiling.c_source import library_of
from tickloom.engine.loading import build as building
from tickloom.engine.loading.kernel import load_kernel
from tickloom.errors import UnknownNameError
from tickloom.host import get_host


def invoke(*args: str) -> Result:
    result = CliRunner().invoke(command, args, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_the_list_names_kind_and_provider() -> None:
    lines = invoke("list").stdout.splitlines()
    (line,) = [line for line in lines if line.startswith("ema-cross-array ")]
    assert line.split()[:4] == ["ema-cross-array", "array", "1", "tickloom"]
    listed = json.loads(invoke("list", "--json").stdout)["kernels"]
    assert {"ema-cross", "ema-cross-c", "buy-and-hold"} <= {entry["name"] for entry in listed}
    assert all(entry["reproducible"] for entry in listed)


def test_an_entry_is_shown_whole() -> None:
    text = invoke("list", "ema-cross-features").stdout
    for part in (
        "ema-cross-features 1 (step kernel of tickloom",
        "Tick: price float64, bp0 float64, sp0 float64, volume int64",
        "Features: fast (fast), slow (slow)",
        "Gate: (max_spread, min_volume)",
        "Position: -1 to 1",
        "reproducible to the last bit",
        "max_spread     float  0.0005   0 to 2       share of the mid price",
        "    double fast__average;",
        "const int64_t *volume,",
        "int32_t *wanted);",
        "loops built, in ",
    ):
        assert part in text
    entry = json.loads(invoke("list", "ema-cross-features", "--json").stdout)
    assert entry["features"] == {"fast": ["fast"], "slow": ["slow"]}
    assert entry["gate"] == ["max_spread", "min_volume"]
    assert entry["parameters"][1] == {
        "name": "slow",
        "type": "int",
        "default": 21,
        "unit": "ticks",
        "bounds": [1, 100_000],
    }


def test_a_kernel_that_does_not_exist_is_answered_with_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'ema-cross'.*buy-and-hold"):
        CliRunner().invoke(command, ["list", "ema-cros"], catch_exceptions=False)


def test_a_build_leaves_nothing_to_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKLOOM_CACHE_DIR", str(tmp_path))
    every = building.plans
    # The author's loop and the host's plain one, for time's sake.
    monkeypatch.setattr(building, "plans", lambda spec: [every(spec)[0], every(spec)[-1]])
    built = json.loads(invoke("build", "ema-cross-array", "--json").stdout)["built"]
    assert [entry["kernel"] for entry in built] == ["ema-cross-array"]
    assert built[0]["compile_s"] > 0
    assert load_kernel(get_host().kernels.get("ema-cross-array")).compile_seconds == 0
    cache = json.loads(invoke("list", "ema-cross-array", "--json").stdout)["cache"]
    assert cache["built"] == cache["to_build"]
    assert "was built already" in invoke("build", "ema-cross-array").stdout
    assert "deleted 2 compiled loops and libraries from " in invoke("clear").stdout
    assert not list(tmp_path.rglob("*.tlk"))


@needs_cc
def test_the_header_is_the_one_that_kernels_are_compiled_with() -> None:
    text = invoke("header").stdout
    assert "#define TICKLOOM_ABI_VERSION 1" in text
    assert "int32_t NAME(int64_t contracts, const int64_t *offsets," in text
    preprocessed = library_of(get_host().kernels.get("ema-cross-c")).text.decode()
    (included,) = set(re.findall(r'^# 1 "(.*/tickloom\.h)" 1', preprocessed, re.MULTILINE))
    assert Path(included).read_text() == text
