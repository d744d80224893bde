"""How much memory a pack may use, and what follows from it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

from tickloom.errors import UsageError

MIB: Final = 2**20
SMALLEST: Final = 512 * MIB
"""Below this even one worker, with its libraries loaded, has no room to work in."""

PROCESS_BYTES: Final = 190 * MIB
"""A process with Polars, PyArrow and the plugins loaded and in use, apart from its rows: measured
170 to 195 MB."""

WORKING_BYTES: Final = 140 * MIB
"""The least that a worker needs on top, to read in batches and write row groups of 100,000:
measured 105 to 140 MB."""

FRUGAL_BYTES: Final = 210 * MIB
"""A worker with less than this gives memory back soon: its libraries keep up to 150 MB
otherwise, for speed."""

BATCH_ROWS: Final = 131_072
"""Polars' usual row groups of 120,000 rows fit in one batch. Cut in two, pages that both share are
decompressed twice."""

ASSEMBLY_ROWS: Final = 25_000
"""A quarter of a row group of the store. Four times as many take 50 MB more; contracts of 600 rows
a day then cost 3% less CPU time, those of 10,000 rows as much as before."""

_UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True, slots=True)
class Budget:
    """What a pack may use."""

    workers: int
    """Number of workers."""

    batch_rows: int
    """Rows that a worker holds at once, as far as it decides."""

    assembly_rows: int
    """Rows of whole contracts that are transformed and handed to the writer at once."""

    batch_bytes: int
    """The largest single piece of input, decoded, bytes."""

    frugal: bool
    """Whether workers have so little that they must not keep freed memory."""


def budget_for(memory: int | None, workers: int | None, *, shares_memory: bool) -> Budget:
    """The budget for ``memory`` bytes (a quarter of the machine unless given) and at most
    ``workers`` workers (one a core unless given).

    Raises :class:`UsageError` where that is too little.
    """
    total = machine_memory() // 4 if memory is None else memory
    if memory is None:
        total = max(total, SMALLEST)
    if total < SMALLEST:
        raise UsageError(f"--memory has to be at least {SMALLEST // MIB}M; found {total // MIB}M")
    if workers is not None and workers < 1:
        raise UsageError(f"--workers has to be at least 1; found {workers}")
    fixed = 0 if shares_memory else PROCESS_BYTES
    fitting = (total - PROCESS_BYTES) // (fixed + WORKING_BYTES)
    count = max(1, min(workers or os.cpu_count() or 1, fitting))
    share = (total - PROCESS_BYTES) // count - fixed
    return Budget(
        workers=count,
        batch_rows=BATCH_ROWS,
        assembly_rows=ASSEMBLY_ROWS,
        batch_bytes=total // (2 * count),
        frugal=share < FRUGAL_BYTES,
    )


def machine_memory() -> int:
    """Memory of this machine, or of the container that it is, bytes."""
    import psutil  # type: ignore[import-untyped]

    return int(psutil.virtual_memory().total)


def parse_size(text: str) -> int:
    """``512M`` or ``4G`` (powers of 1024) as bytes; raises :class:`UsageError`."""
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(?:I?B)?\s*", text.upper())
    if not found:
        raise UsageError(f"expected a size like 512M or 4G; found {text!r}")
    return int(float(found[1]) * _UNITS[found[2]])
