"""A reader plugin of ``*.tick`` files, which are the raw Parquet files under another name."""

from __future__ import annotations

from textwrap import dedent, indent

_PLUGIN = """
import os, time
from pathlib import Path
import polars as pl
from tickloom import RawBatch, ReaderSpec, Unit, hookimpl

TICKLOOM_API_VERSION = 1

def discover(source, options):
    for path in sorted(Path(source).rglob("*.tick")):
        yield Unit(paths=(path,), name=path.stem)

def read(unit, options):
{first}
    yield RawBatch(frame=pl.read_parquet(unit.paths[0]), symbol=unit.name)

@hookimpl
def tickloom_register_readers():
    return [
        ReaderSpec(
            name={name!r}, summary="s", zone="Asia/Kolkata", calendar="nse",
            discover=discover, read=read,
        )
    ]
"""


def tick_reader(name: str, first: str) -> str:
    """The text of the plugin: before it reads a unit it does what ``first`` says."""
    return _PLUGIN.format(name=name, first=indent(dedent(first).strip(), "    "))
