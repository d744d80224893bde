"""How the documented scripts spread files: chunks of ten over a pool of processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Final

from benchmarks.documented import filter_per_contract, presorted, single_pass
from benchmarks.documented.cross_over import Outcome, total

DESIGNS: Final = {
    "filter per contract": filter_per_contract.run_file,
    "single pass": single_pass.run_file,
    "presorted": presorted.run_file,
    "presorted, strict": presorted.run_file_strict,
}
"""Name to the function that runs one file."""

CHUNK_FILES: Final = 10


def run_chunk(design: str, files: Sequence[Path]) -> Outcome:
    """Run one design over some files, one after another."""
    return total([DESIGNS[design](file) for file in files])


class Workers:
    """A running pool whose processes have imported and compiled every design."""

    def __init__(self, pool: ProcessPoolExecutor, workers: int) -> None:
        self._pool = pool
        self.workers = workers
        """Number of processes."""

    def run(self, design: str, files: Sequence[Path]) -> Outcome:
        """Run one design over ``files``.

        Chunks hold ten files, or fewer where ten would leave a worker without work.
        """
        size = min(CHUNK_FILES, max(1, -(-len(files) // self.workers)))
        chunks = [files[start : start + size] for start in range(0, len(files), size)]
        return total(list(self._pool.map(run_chunk, [design] * len(chunks), chunks)))


@contextmanager
def started_workers(workers: int, warm_file: Path) -> Iterator[Workers]:
    """A warm pool: every process has run each design over ``warm_file`` before it is handed out."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(workers, timeout=300)
    with ProcessPoolExecutor(workers, context, _warm_up, (warm_file, barrier)) as pool:
        # Processes start with the first tasks, and none takes a second task before all are warm.
        list(pool.map(str, range(workers)))
        yield Workers(pool, workers)


def _warm_up(file: Path, barrier: Barrier) -> None:
    for run_file in DESIGNS.values():
        run_file(file)
    barrier.wait()
