"""A staged partition file, read back: its rows are the index's, in order, and its bytes have a
digest. A worker may do that for its own file, while the writer of the store commits another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tickloom.contracts import Instrument
from tickloom.errors import StoreError
from tickloom.files import file_sha256
from tickloom.schema import Column
from tickloom.store.partitions.formats import format_of
from tickloom.store.partitions.index import ContractIndex
from tickloom.store.partitions.order import contract_runs, index_problem
from tickloom.store.partitions.types import column_problems


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What was found in a staged file."""

    size: int
    """Its size, bytes."""

    mtime_ns: int
    """When it was written, nanoseconds since 1970."""

    sha256: str
    """SHA-256 of its bytes."""

    def is_still(self, staged: Path) -> bool:
        """Nobody has written to ``staged`` since it was checked."""
        found = staged.stat()
        return (found.st_size, found.st_mtime_ns) == (self.size, self.mtime_ns)


def check_staged(
    staged: Path, index: ContractIndex, instrument: Instrument = "option"
) -> CheckedFile:
    """Read the file ``staged`` of an ``instrument`` back.

    Raises :class:`StoreError` if its rows are out of order, or are not the ones that ``index``
    describes.
    """
    runs = contract_runs(staged, format_of(staged), instrument)
    if problem := index_problem(runs, index):
        raise StoreError(f"{staged}: {problem}. The plugin that wrote the file lost or moved rows")
    found = staged.stat()
    return CheckedFile(found.st_size, found.st_mtime_ns, file_sha256(staged))


def check_summary(staged: Path, index: ContractIndex, columns: Sequence[Column]) -> None:
    """Look at what the file ``staged`` says about itself; ``columns`` are those of its partition.

    Raises :class:`StoreError` if it has other columns, types or numbers of rows than a partition of
    the store has.
    """
    writer = format_of(staged)
    summary = writer.summarise(staged)
    problems = list(column_problems(summary.columns, columns, lenient=False))
    for name, rows in (("rows", summary.rows), ("row_groups", sum(summary.row_groups))):
        if rows != index.rows:
            problems.append(f"{name} of its summary: expected {index.rows} rows, found {rows}")
    if problems:
        raise StoreError(
            f"{staged}: {'; '.join(problems)}. That is what writer {writer.name!r} makes of the "
            "columns, or says of them: its summarise() names the Arrow types of what it scans. "
            "Upgrade the plugin that offers it"
        )
