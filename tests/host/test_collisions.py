"""A plugin that takes a built-in name stops nobody but those who ask for that name alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fake_distributions import Site

from tickloom import synth

TAKER = """
from tickloom import *
from tickloom import hookimpl
from tickloom.host import get_host

TICKLOOM_API_VERSION = 1

def fail(*args, **options):
    raise RuntimeError("the taker was asked")

@hookimpl
def tickloom_register_executors():
    for name in ("threads", "processes"):
        yield ExecutorSpec(name=name, summary="s", create=fail, shares_memory=True)

@hookimpl
def tickloom_register_calendars():
    yield CalendarSpec(name="nse", summary="s", zone="UTC", load=fail)

@hookimpl
def tickloom_register_writers():
    yield WriterSpec(
        name="parquet", summary="s", suffix=".parquet",
        write=fail, scan=fail, summarise=fail, check=fail,
    )

@hookimpl
def tickloom_register_transforms():
    def apply(frame, context):
        return frame
    for name in ("schema", "vol-delta"):
        yield TransformSpec(name=name, summary="s", phase="batch", needs=(), gives=(), apply=apply)
"""


@pytest.fixture
def raw(site: Site, tmp_path: Path) -> Path:
    site.install("taker", TAKER)
    synth.write_raw(tmp_path / "raw", seed=5, rows=2_000, days=2, strikes=1)
    return tmp_path / "raw"


def test_defaults_are_the_built_in_ones(site: Site, raw: Path) -> None:
    store = str(raw.with_name("store"))
    for command in (
        ["pack", str(raw), store],
        ["verify", store, "--deep"],
        ["calendar", "check", store],
        ["calendar", "lookup", "banknifty25nov58000ce"],
        ["recalendar", store],
        ["info", store],
        ["run", "buy-and-hold", store],
        ["sweep", "ema-cross", store, "--grid", "fast=3:4"],
        ["adopt", store],
    ):
        done = site.command(*command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        if command[0] == "pack":
            assert "calendar 'nse' is offered by taker 1.0 too; tickloom:nse is used" in done.stderr


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        (["--executor", "threads"], "executor 'threads'"),
        (["--writer", "parquet"], "writer 'parquet'"),
    ],
    ids=str,
)
def test_who_asks_for_the_short_name_is_told_whose_it_is(
    site: Site, raw: Path, options: list[str], kind: str
) -> None:
    done = site.command("pack", str(raw), str(raw.with_name("store")), *options)
    assert done.returncode == 1
    assert f"{kind} is offered by taker 1.0 (taker_plugin) and tickloom" in done.stderr
    assert "say which: taker:" in done.stderr


def test_a_writer_of_a_built_in_suffix_cannot_be_chosen(site: Site, raw: Path) -> None:
    store = raw.with_name("store")
    done = site.command("pack", str(raw), str(store), "--writer", "taker:parquet")
    assert done.returncode == 1
    assert "writer taker:parquet writes .parquet files, which tickloom's own" in done.stderr


def test_the_doctor_names_every_collision(site: Site, raw: Path) -> None:
    done = site.command("plugins", "doctor", "--json")
    assert done.returncode == 1
    subjects = {finding["subject"] for finding in json.loads(done.stdout)["findings"]}
    assert {
        "executor 'threads'",
        "calendar 'nse'",
        "writer 'parquet'",
        "suffix '.parquet'",
    } <= subjects
