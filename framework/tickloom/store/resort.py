"""Puts the rows of files that another tool wrote unsorted into the store's order, in place."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from tickloom.contracts import Instrument
from tickloom.errors import Interrupted, StoreError
from tickloom.files import SYSTEM, FileLayer
from tickloom.progress import Progress, untold
from tickloom.schema import SORT_KEYS
from tickloom.specs import WriterSpec, WriteSettings
from tickloom.store.api import open_store
from tickloom.store.commits.session import WriteSession, as_store_errors
from tickloom.store.layout import PartitionKey, partition_files
from tickloom.store.partitions.formats import format_of
from tickloom.store.partitions.order import UnsortedError, contract_runs, read_row_groups, reading

if TYPE_CHECKING:
    import polars as pl

COPIES: Final = 3
"""Copies of a file's rows that sorting holds at its peak: as read, sorted, and on its way out."""

Outcome = Literal["already sorted", "sorted", "unsorted", "failed"]


@dataclass(frozen=True, slots=True)
class Resorted:
    """What became of one file."""

    path: str
    """The file."""

    outcome: Outcome
    """``unsorted`` is what a dry run says of a file that it would sort."""

    rows: int
    """Its rows; 0 where it failed."""

    elapsed_s: float
    """Seconds."""

    reason: str = ""
    """Why it failed."""


@dataclass(slots=True)
class ResortReport:
    """What ``resort`` did."""

    files: list[Resorted] = field(default_factory=list)
    """Every partition file, in the store's order."""

    elapsed_s: float = 0.0
    """Seconds altogether."""

    def count(self, outcome: Outcome) -> int:
        """Number of files with this outcome."""
        return sum(file.outcome == outcome for file in self.files)


def resort_store(
    path: Path,
    *,
    dry_run: bool = False,
    progress: Progress = untold,
    files: FileLayer = SYSTEM,
) -> ResortReport:
    """Sort every file of the store at ``path`` that is out of order, each atomically; ``progress``
    counts files.

    Rows are kept exactly; rows of one contract and time stay in the order in which they are. Files
    of a store with a manifest are in order by construction, and are only looked at. Raises
    :class:`UsageError` if there is no store, :class:`StoreBusyError` if it is being written.
    """
    started = time.perf_counter()
    report = ResortReport()
    managed = open_store(path).managed
    paths = list(partition_files(path))
    if dry_run or managed:
        for done, (key, file) in enumerate(paths, 1):
            report.files.append(_look(file, key.instrument))
            progress(done, len(paths))
    else:
        _resort_all(path, paths, report, progress, files)
    report.elapsed_s = time.perf_counter() - started
    return report


def _resort_all(
    store: Path,
    paths: list[tuple[PartitionKey, Path]],
    report: ResortReport,
    progress: Progress,
    files: FileLayer,
) -> None:
    session = WriteSession.open(store, files=files)
    try:
        with as_store_errors(store):
            session.make_staging()
        for done, (key, path) in enumerate(paths, 1):
            found = _look(path, key.instrument)
            is_unsorted = found.outcome == "unsorted"
            report.files.append(_sort(path, session, key.instrument) if is_unsorted else found)
            progress(done, len(paths))
    except Interrupted as error:
        error.summary = (
            f"{report.count('sorted')} files were sorted, each whole; the others are as they were. "
            "The same command, run again, sorts the rest"
        )
        raise
    finally:
        try:
            with as_store_errors(store):
                session.control.clean()
        finally:
            session.release()


def _look(path: Path, instrument: Instrument) -> Resorted:
    started = time.perf_counter()
    outcome: Outcome = "already sorted"
    rows, reason = 0, ""
    try:
        writer = format_of(path)
        with reading(path):
            rows = writer.summarise(path).rows
            contract_runs(path, writer, instrument)
    except UnsortedError:
        outcome = "unsorted"
    except StoreError as error:
        outcome, rows, reason = "failed", 0, str(error).removeprefix(f"{path}: ")
    return Resorted(str(path), outcome, rows, time.perf_counter() - started, reason)


def _sort(path: Path, session: WriteSession, instrument: Instrument) -> Resorted:
    """Sort one file into staging, compare the rows, and put it in place."""
    started = time.perf_counter()
    staged = session.staging / path.name
    try:
        with reading(path):
            rows = _write_sorted(path, staged, format_of(path), instrument)
        with as_store_errors(session.path):
            session.files.fsync(staged)
            with session.interrupts.shielded():
                session.files.rename(staged, path)
            session.files.fsync_dir(path.parent)
    except StoreError as error:
        session.files.unlink(staged)
        reason = str(error).removeprefix(f"{path}: ")
        return Resorted(str(path), "failed", 0, time.perf_counter() - started, reason)
    return Resorted(str(path), "sorted", rows, time.perf_counter() - started)


def _write_sorted(path: Path, staged: Path, writer: WriterSpec, instrument: Instrument) -> int:
    """Write the rows of ``path`` to ``staged``, in order; how many there are."""
    import polars as pl

    _check_memory(path, writer)
    columns = list(writer.summarise(path).columns)
    tables = read_row_groups(path, writer, columns)
    frame = pl.concat([pl.DataFrame(pl.from_arrow(table)) for table in tables])
    right = pl.col("opt_type").cast(pl.String)
    ordered = frame.sort(
        *(right if name == "opt_type" else pl.col(name) for name in SORT_KEYS[instrument]),
        maintain_order=True,
    )
    del frame
    writer.write([ordered], staged, WriteSettings())
    contract_runs(staged, writer, instrument)
    _check_rows(staged, writer, columns, ordered)
    return ordered.height


def _check_rows(
    staged: Path, writer: WriterSpec, columns: list[str], ordered: pl.DataFrame
) -> None:
    """Read back what was written: the same rows, exactly."""
    import polars as pl

    first = 0
    for table in read_row_groups(staged, writer, columns):
        written = pl.DataFrame(pl.from_arrow(table))
        if not written.equals(ordered.slice(first, written.height)):
            raise StoreError(f"the rows from {first} on were not written as they were read")
        first += written.height
    if first != ordered.height:
        raise StoreError(f"expected {ordered.height} rows to be written, found {first}")


def _check_memory(path: Path, writer: WriterSpec) -> None:
    """Refuse a file that cannot be sorted in the memory that is free, before it is read."""
    import psutil  # type: ignore[import-untyped]

    summary = writer.summarise(path)
    need = COPIES * summary.rows * len(summary.columns) * 8
    free = psutil.virtual_memory().available
    if need > free:
        raise StoreError(
            f"sorting its {summary.rows:,} rows needs about {need / 2**30:.1f} GiB of memory, "
            f"{free / 2**30:.1f} GiB are free; close other programs, or split the file"
        )
