"""Plugins that break what nobody expects to break: one sentence that names plugin, function and
exception, and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fake_distributions import Site

from tickloom.synth import write_raw

PLUGIN = """
import datetime as dt, os, sys, tempfile, concurrent.futures as cf
from tickloom import *
from tickloom import hookimpl

TICKLOOM_API_VERSION = 1
FAULT = os.environ.get("FAULT", "")
ELSEWHERE = tempfile.gettempdir()
if FAULT == "chdir at import":
    os.chdir(ELSEWHERE)

def discover(source, options):
    if FAULT == "chdir":
        os.chdir(ELSEWHERE)
    for path in sorted(source.rglob("*.fault")):
        yield Unit(paths=(path,), name=path.stem)

def read(unit, options):
    import polars as pl
    if FAULT == "chdir":
        os.chdir(ELSEWHERE)
    if FAULT == "generator exit":
        raise GeneratorExit("gone")
    times = [dt.datetime(2025, 1, 2, 9, 15), dt.datetime(2025, 1, 2, 9, 16)]
    yield RawBatch(frame=pl.DataFrame({"timestamp": times, "price": [1.0, 2.0]}), symbol=unit.name)

@hookimpl
def tickloom_register_readers():
    yield ReaderSpec(
        name="faulty", summary="s", zone="Asia/Kolkata", calendar="nse", read=read,
        discover=discover,
    )

def broken(*args):
    raise LookupError("no such thing")

def write(frames, path, settings):
    from tickloom.host import get_host
    if FAULT == "write":
        broken()
    get_host().writers.get("tickloom:parquet").write(frames, path, settings)

def through(name):
    def call(*args):
        from tickloom.host import get_host
        if FAULT == name:
            broken()
        return getattr(get_host().writers.get("tickloom:parquet"), name)(*args)
    return call

@hookimpl
def tickloom_register_writers():
    yield WriterSpec(
        name="odd", summary="s", suffix=".odd", write=write, scan=through("scan"),
        summarise=through("summarise"), check=through("check"),
    )

def text_for_prices(frame, context):
    import polars as pl
    return frame.with_columns(pl.col("price").cast(pl.String))

@hookimpl
def tickloom_register_transforms():
    for phase in ("batch", "partition"):
        if FAULT == "type of " + phase:
            yield TransformSpec(
                name="texts", summary="s", phase=phase, needs=("price",), gives=(),
                updates=("price",), apply=text_for_prices,
            )

class Losing(cf.ThreadPoolExecutor):
    def submit(self, fn, /, *args, **kwargs):
        if FAULT == "lost":
            return cf.Future()
        if FAULT == "dropped":
            future = cf.Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future
        return super().submit(fn, *args, **kwargs)

@hookimpl
def tickloom_register_executors():
    yield ExecutorSpec(name="losing", summary="s", create=Losing, shares_memory=True)

def prepare(params):
    raise LookupError("in prepare")

@hookimpl
def tickloom_register_kernels():
    while FAULT == "endless hook":
        yield None
    from typing import NamedTuple
    class Params(NamedTuple):
        pass
    class State(NamedTuple):
        a: float
    def init(tick, constants):
        return State(tick.price)
    def step(state, tick, position, constants):
        return state, 0
    if FAULT == "prepare":
        yield step_kernel(
            "unprepared", columns=("price",), params=Params, prepare=prepare, init=init, step=step
        )
"""


@pytest.fixture
def raw(site: Site, tmp_path: Path) -> Path:
    site.install("hostile", PLUGIN)
    folder = tmp_path / "raw"
    folder.mkdir()
    for strike in (50_000, 50_100):
        (folder / f"banknifty25jan{strike}ce.fault").write_text("")
    return folder


def told(site: Site, *args: str, fault: str, status: int = 1) -> str:
    done = site.command(*args, env={"FAULT": fault})
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert done.returncode == status, said
    return said


PACKS = {
    "generator exit": (3, "reader 'faulty' failed: GeneratorExit: gone"),
    "write": (1, "writer 'odd' of hostile 1.0 failed in write(): LookupError: no such thing"),
    "summarise": (1, "writer 'odd' of hostile 1.0 failed in summarise(): LookupError: no such"),
    "scan": (1, "writer 'odd' of hostile 1.0 failed in scan(): LookupError: no such thing"),
    "type of batch": (1, "transform 'texts'"),
    "type of partition": (1, "transform 'texts'"),
}


@pytest.mark.parametrize("fault", PACKS)
def test_packing_names_who_failed(site: Site, raw: Path, fault: str) -> None:
    status, message = PACKS[fault]
    store = str(raw.with_name("store"))
    options = ["--writer", "odd", "--executor", "tickloom:threads"]
    assert message in told(site, "pack", str(raw), store, *options, fault=fault, status=status)


@pytest.mark.parametrize("fault", ["scan", "summarise", "check"])
def test_reading_a_store_names_who_failed(site: Site, raw: Path, fault: str) -> None:
    store = str(raw.with_name("store"))
    told(site, "pack", str(raw), store, "--writer", "odd", fault="", status=0)
    said = told(site, "verify", store, "--deep", fault=fault)
    assert f"writer 'odd' of hostile 1.0 failed in {fault}(): LookupError: no such thing" in said
    if fault == "scan":
        said = told(site, "run", "buy-and-hold", store, fault=fault)
        assert "writer 'odd' of hostile 1.0 failed in scan(): LookupError: no such thing" in said


@pytest.mark.parametrize("fault", ["chdir", "chdir at import"])
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_the_current_folder_stays_the_users(
    site: Site, raw: Path, monkeypatch: pytest.MonkeyPatch, fault: str, executor: str
) -> None:
    monkeypatch.chdir(raw.parent)
    told(site, "pack", "raw", "store", "--executor", f"tickloom:{executor}", fault=fault, status=0)
    assert (raw.parent / "store" / "2025-01-02").is_dir()
    said = told(site, "run", "buy-and-hold", "store", "--out", "out", fault=fault, status=0)
    assert (raw.parent / "out" / "result.json").is_file(), said


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("lost", "executor 'losing' of hostile 1.0 has given no result for 1 s"),
        ("dropped", "executor 'losing' of hostile 1.0 dropped a task"),
    ],
)
def test_executors_that_lose_work(site: Site, raw: Path, fault: str, message: str) -> None:
    store = str(raw.with_name("store"))
    options = ["--executor", "losing", "--timeout", "1"]
    assert message in told(site, "pack", str(raw), store, *options, fault=fault)
    told(site, "pack", str(raw), store, fault="", status=0)
    assert message in told(site, "run", "buy-and-hold", store, *options, fault=fault)


def test_a_hook_that_never_ends_fails_alone(site: Site, raw: Path) -> None:
    said = told(site, "plugins", "list", fault="endless hook", status=0)
    assert "hostile" in said
    said = told(site, "plugins", "doctor", fault="endless hook")
    assert "tickloom_register_kernels of hostile 1.0 yields more than 10,000 specs" in said


def test_what_nobody_looks_after_is_named_by_where_it_came_from(site: Site, tmp_path: Path) -> None:
    site.install("hostile", PLUGIN)
    write_raw(tmp_path / "raw", seed=4, rows=1_000, days=2, strikes=1)
    store = str(tmp_path / "store")
    told(site, "pack", str(tmp_path / "raw"), store, fault="", status=0)
    said = told(site, "run", "unprepared", store, fault="prepare")
    assert "LookupError: in prepare" in said
    assert "unprepared" in said or "hostile 1.0" in said
