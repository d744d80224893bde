"""Packing: the documented script and ``tickloom pack`` on the same raw files, memory watched."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.table.interleaved import Rounds

ROOT = Path(__file__).parents[2]
POLL_SECONDS = 0.05


@dataclass(slots=True)
class PackTiming(Rounds):
    """What one way to pack did."""

    name: str
    """What the page calls it."""

    design: str
    """``documented`` or ``tickloom``."""

    memory: int | None = None
    """tickloom's ``--memory``, bytes; None for its default."""

    rows: int = 0
    """Rows written."""

    size: int = 0
    """Bytes written."""

    seconds: list[float] = field(default_factory=list)
    """Wall time of each round, without starting the interpreter."""

    peak: int = 0
    """Most resident memory of all its processes together, bytes, over all rounds. Pages that
    processes share count in each: it is an upper bound."""


def measure_packing(raw: Path, folder: Path, repeats: int, memories: list[int]) -> list[PackTiming]:
    """The documented script, and tickloom with each of ``memories``; the first is its yardstick."""
    timings = [PackTiming("documented script", "documented")]
    timings += [
        PackTiming(f"tickloom pack, {memory / 2**30:.3g} GiB", "tickloom", memory)
        for memory in memories
    ]
    for turn in range(repeats):
        for step in range(len(timings)):
            _pack(timings[(turn + step) % len(timings)], raw, folder / "packed")
    if len({timing.rows for timing in timings}) > 1:
        raise ValueError(f"not every way to pack wrote the same rows: {timings}")
    return timings


def _pack(timing: PackTiming, raw: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "benchmarks.table.pack_once",
        timing.design,
        str(raw),
        str(out),
    ]
    if timing.memory is not None:
        command.append(str(timing.memory))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            timing.peak = max(timing.peak, resident(psutil.Process(process.pid)))
            time.sleep(POLL_SECONDS)
        assert process.stdout is not None
        output = process.stdout.read()
    if process.returncode:
        raise RuntimeError(f"{command} exited with {process.returncode}")
    done = json.loads(output)
    timing.seconds.append(done["seconds"])
    timing.rows, timing.size = done["rows"], done["bytes"]
    shutil.rmtree(out)


def resident(process: psutil.Process) -> int:
    """Resident memory of a process and all below it, bytes."""
    total = 0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
