"""A staged partition file, read back: its rows are the index's, in order, and its bytes have a
digest. A worker may do that for its own file, while the writer of the store commits another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tickloom.errors import StoreError
from tickloom.store.commits.control import file_sha256
from tickloom.store.partitions.formats import format_of
from tickloom.store.partitions.index import ContractIndex
from tickloom.store.partitions.order import contract_runs, index_problem


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


def check_staged(staged: Path, index: ContractIndex) -> CheckedFile:
    """Read the file ``staged`` back.

    Raises :class:`StoreError` if its rows are out of order, or are not the ones that ``index``
    describes.
    """
    if problem := index_problem(contract_runs(staged, format_of(staged)), index):
        raise StoreError(f"{staged}: {problem}. The plugin that wrote the file lost or moved rows")
    found = staged.stat()
    return CheckedFile(found.st_size, found.st_mtime_ns, file_sha256(staged))
