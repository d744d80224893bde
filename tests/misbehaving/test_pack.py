"""Plugins that misbehave while a pack runs: the others' work goes on, without a traceback."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.fake_distributions import Site

PLUGIN = """
import datetime as dt, os, sys
from tickloom import *
from tickloom import hookimpl

TICKLOOM_API_VERSION = 1
TIMES = [dt.datetime(2025, 1, 2, 9, 15), dt.datetime(2025, 1, 2, 9, 16)]

def discover(source, options):
    print("discover prints")
    for path in sorted(source.rglob("*.fault")):
        yield Unit(paths=(path,), name=path.stem)

def read(unit, options):
    import polars as pl
    os.write(1, b"read prints")
    fault = unit.paths[0].read_text()
    frame = pl.DataFrame({"timestamp": TIMES, "price": [1.0, 2.0]})
    time = pl.col("timestamp")
    changes = {
        "aware": time.dt.replace_time_zone("UTC"),
        "epoch": time.dt.epoch("ms"),
        "text": time.cast(pl.String),
    }
    if fault in changes:
        frame = frame.with_columns(changes[fault])
    if fault == "no time":
        frame = frame.drop("timestamp")
    if fault == "raises":
        raise ValueError("a bug")
    if fault == "names its file":
        raise ReadError(f"{unit.paths[0]}: expected ticks, found none")
    if fault == "exits":
        sys.exit(5)
    lies = {
        "minus": dict(rows=-5),
        "half": dict(rows=1, frame=frame),
        "float": dict(rows=2.0),
        "where": dict(rows=2, path=str(unit.paths[0])),
        "why": dict(rows=2, reason=None),
    }
    if fault in lies:
        yield Rejected(**dict(path=unit.paths[0], reason="bad") | lies[fault])
    if fault == "nameless":
        yield RawBatch(frame=frame, symbol=None)
    if fault == "contract":
        yield RawBatch(frame=frame, symbol=unit.name, contract="NIFTY")
    if fault == "other":
        other = Contract("BANKNIFTY", "monthly", "2025-01", "PE", 50000.0)
        yield RawBatch(frame=frame, symbol="banknifty25jan50000ce", contract=other)
        return
    if fault == "ignored":
        yield Ignored(path=unit.paths[0], what=7)
    if fault == "frame":
        yield frame
    if fault == "lazy":
        frame = frame.lazy()
    yield RawBatch(frame=frame, symbol=unit.name)
    if fault == "late":
        raise ValueError("a bug at the end")

def lost(source, options):
    raise ValueError("a bug while it looks")

def exits(source, options):
    sys.exit(9)

def empty(source, options):
    yield Unit(paths=(), name="x")

def texts(source, options):
    yield Unit(paths=(str(source),), name="x")

def numbers(source, options):
    yield Unit(paths=(source,), detail=(("row", 7),))

def not_together(units, options):
    raise ValueError("a bug over several")

FAULT = os.environ.get("FAULT", "")

@hookimpl
def tickloom_register_readers():
    spec = dict(summary="s", zone="Asia/Kolkata", calendar="nse", read=read)
    if FAULT == "together":
        spec["read_together"] = not_together
    yield ReaderSpec(name="faulty", discover=discover, **spec)
    if FAULT == "discover":
        yield ReaderSpec(name="lost", discover=lost, **spec)
        yield ReaderSpec(name="exits", discover=exits, **spec)
        yield ReaderSpec(name="empty", discover=empty, **spec)
        yield ReaderSpec(name="texts", discover=texts, **spec)
        yield ReaderSpec(name="numbers", discover=numbers, **spec)

def leaves(frame, context):
    sys.exit(4)

@hookimpl
def tickloom_register_transforms():
    if FAULT == "transform":
        yield TransformSpec(
            name="bad", summary="s", phase="partition", needs=(), gives=(), apply=leaves
        )

def no_cluster(workers):
    raise RuntimeError("no cluster")

@hookimpl
def tickloom_register_executors():
    yield ExecutorSpec(name="no-cluster", summary="s", create=no_cluster, shares_memory=True)
"""

FAULTS = {
    "aware": "has the time zone UTC; expected the exchange's wall clock without a zone",
    "epoch": "is of type Int64; expected a date and time without a zone",
    "text": "is of type String; expected a date and time without a zone",
    "no time": "expected a column 'timestamp'; found the columns: price",
    "raises": "reader 'faulty' failed: ValueError: a bug",
    "names its file": "expected ticks, found none",
    "exits": "reader 'faulty' failed: SystemExit: 5",
    "frame": "read() must yield RawBatch, RawRows, Rejected or Ignored, found DataFrame",
    "lazy": "RawBatch.frame must be a polars DataFrame, found LazyFrame",
    "minus": "ValueError: Rejected.rows must be at least 0, found -5",
    "half": "Rejected.rows must be at least the 2 rows of its frame, found 1",
    "float": "TypeError: Rejected.rows must be a int, found 2.0",
    "where": "TypeError: Rejected.path must be a Path, found '",
    "why": "TypeError: Rejected.reason must be a str, found None",
    "nameless": "TypeError: RawBatch.symbol must be a str, found None",
    "contract": "TypeError: RawBatch.contract must be a Contract, found 'NIFTY'",
    "other": "symbol names another contract than its batch: banknifty25jan50000ce",
    "ignored": "TypeError: Ignored.what must be a str, found 7",
    "late": "reader 'faulty' failed: ValueError: a bug at the end",
}


@pytest.fixture
def source(site: Site, tmp_path: Path) -> Path:
    """A good file of two rows; the plugin is installed."""
    site.install("faulty", PLUGIN)
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "banknifty25jan50000ce.fault").write_text("none")
    return folder


def pack(
    site: Site, source: Path, *options: str, status: int, fault: str = ""
) -> tuple[dict[str, Any], str]:
    store = str(source.with_name("store"))
    done = site.command("pack", str(source), store, "--json", *options, env={"FAULT": fault})
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout) if done.stdout else {}, done.stderr


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_file_that_its_reader_fails_on_is_quarantined(
    site: Site, source: Path, executor: str
) -> None:
    """Also where the timestamps carry a zone, or are no timestamps."""
    for i, fault in enumerate(FAULTS, 1):
        (source / f"banknifty25jan{50_000 + 100 * i}ce.fault").write_text(fault)
    report, said = pack(site, source, "--executor", executor, status=3)
    assert report["rows_written"] == 2
    found = {Path(q["path"]).read_text(): q["reason"] for q in report["quarantined"]}
    assert sorted(found) == sorted(FAULTS)
    for fault, reason in FAULTS.items():
        assert reason in found[fault]
    assert re.search(r"ValueError: a bug \(.*faulty_plugin\.py, line \d+\)$", found["raises"])
    assert found["names its file"] == FAULTS["names its file"], "the path stands beside it"
    assert "discover prints" in said
    assert "read prints" in said


def test_a_reader_that_fails_over_several_units_is_named(site: Site, source: Path) -> None:
    for i in range(1, 40):  # enough for two in each task
        (source / f"banknifty25jan{50_000 + 100 * i}ce.fault").write_text("none")
    report, _ = pack(site, source, "--workers", "1", status=3, fault="together")
    assert len(report["quarantined"]) == 40
    for bad in report["quarantined"]:
        assert bad["reason"].startswith("reader 'faulty' failed: ValueError: a bug over several (")
    report, _ = pack(site, source, "--workers", "1", status=0)
    assert (report["files"], report["rows_written"]) == (40, 80)


def test_a_reader_that_fails_to_look_does_not_stop_the_others(site: Site, source: Path) -> None:
    report, _ = pack(site, source, status=3, fault="discover")
    assert report["rows_written"] == 2
    reasons = [q["reason"] for q in report["quarantined"]]
    expected = {
        "empty": "expected a Unit with a tuple of at least one Path; found ()",
        "exits": "SystemExit: 9",
        "lost": "ValueError: a bug while it looks. Upgrade it, or say --reader",
        "numbers": "expected a Unit whose name and details are strings",
        "texts": "expected a Unit with a tuple of at least one Path; found ('",
    }
    for reason, (name, said) in zip(reasons, expected.items(), strict=True):
        assert f"reader faulty:{name} of faulty 1.0 failed while it looked at" in reason
        assert said in reason


def test_a_reader_that_was_asked_for_and_fails_to_look_is_an_error(
    site: Site, source: Path
) -> None:
    _, said = pack(site, source, "--reader", "lost", status=1, fault="discover")
    assert "reader faulty:lost of faulty 1.0 failed while it looked" in said


def test_a_transform_that_exits_is_named(site: Site, source: Path) -> None:
    _, said = pack(site, source, "--executor", "threads", status=1, fault="transform")
    assert "transform 'bad' failed: SystemExit: 4. Upgrade the plugin" in said


def test_an_executor_that_does_not_start_is_named(site: Site, source: Path) -> None:
    _, said = pack(site, source, "--executor", "no-cluster", "--workers", "1", status=1)
    assert "executor 'no-cluster' failed to start 1 workers: RuntimeError: no cluster" in said
