"""What ``help(tickloom.run)`` and the docs promise is there by name, and says what it is."""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from tests.engine.run_stores import MONDAY, build, uneven_frame

import tickloom
from tickloom.errors import UsageError
from tickloom.synth import write_raw


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("names") / "store", {MONDAY: uneven_frame(MONDAY, 9)})


@pytest.mark.parametrize("name", tickloom.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(tickloom, name) is not None
    assert name in dir(tickloom)


def test_no_other_name_is() -> None:
    with pytest.raises(AttributeError, match="module 'tickloom' has no attribute 'packk'"):
        _ = tickloom.packk


@pytest.mark.parametrize("function", ["run", "sweep", "pack", "verify", "info", "adopt"])
def test_classes_that_a_signature_names_are_public(function: str) -> None:
    returned = str(inspect.signature(getattr(tickloom, function)).return_annotation)
    assert returned.strip("'") in tickloom.__all__


@pytest.mark.parametrize(
    "name",
    [n for n in tickloom.__all__ if is_dataclass(getattr(tickloom, n)) and n != "Column"],
)
def test_every_field_of_a_public_record_is_documented(name: str) -> None:
    record = getattr(tickloom, name)
    for each in fields(record):
        owner = next(c for c in record.__mro__ if each.name in vars(c).get("__annotations__", {}))
        text = inspect.getsource(owner)
        after = text.partition(f"    {each.name}:")[2]
        assert '"""' in after.partition("\n    \n")[0].split("\n\n")[0], f"{name}.{each.name}"


def test_results_and_stores_show_what_they_are(store: Path) -> None:
    result = tickloom.run("buy-and-hold", store)
    assert repr(result).startswith(f"<RunResult buy-and-hold size=1: {result.trades:,} trades, PnL")
    swept = tickloom.sweep("ema-cross", store, grid={"fast": [3, 4], "slow": "15:17"})
    assert repr(swept).startswith("<SweepResult ema-cross: 6 sets of fast, slow, ")
    opened = tickloom.open_store(store)
    assert repr(opened) == f"<Store {str(store)!r}: 1 partitions>"
    (partition,) = opened.partitions()
    assert repr(partition) == f"<Partition {partition.key}: {partition.rows:,} rows>"


def test_strikes_as_on_the_command_line(store: Path) -> None:
    strikes = sorted(set(tickloom.run("buy-and-hold", store).table["strike"].to_list()))
    low, high = strikes[0], strikes[-1]
    for written, numbers in ((f"{low:g}:{high:g}", (low, high)), (f"{low:g}", (low, low))):
        said = tickloom.run("buy-and-hold", store, strikes=written)
        assert said.table.equals(tickloom.run("buy-and-hold", store, strikes=numbers).table)
    for wrong in ("a:b", "", ":", "1:", "nan", "1:nan"):
        with pytest.raises(UsageError, match="strikes are written A:B"):
            tickloom.run("buy-and-hold", store, strikes=wrong)


def test_doors(tmp_path: Path) -> None:
    write_raw(tmp_path / "raw", seed=6, rows=1_000, days=2, strikes=1)
    store = tmp_path / "store"
    packed = tickloom.pack(tmp_path / "raw", store, executor="tickloom:threads")
    assert isinstance(packed, tickloom.PackReport)
    found = tickloom.verify(store, deep=True)
    assert found.ok, found.problems
    assert found.files == packed.partitions
    assert found.sources_compared == packed.files
    assert tickloom.verify(store).sources_compared is None
    contents = tickloom.info(store)
    assert contents.rows == found.rows == tickloom.info(tickloom.open_store(store)).rows
    assert tickloom.adopt(store).adopted == 0
    kernels = tickloom.kernels()
    assert kernels["ema-cross"].params._field_defaults["fast"] == 5
    assert tickloom.build_kernel("buy-and-hold") >= 0.0
    with pytest.raises(tickloom.UnknownNameError):
        tickloom.build_kernel("no-such")
    with pytest.raises(tickloom.UsageError):
        tickloom.verify(store / "no-such")
