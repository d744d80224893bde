"""Proves that a store is what was committed: bytes, order, types, indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from tickloom.errors import StoreError
from tickloom.files import file_sha256
from tickloom.progress import Progress, untold
from tickloom.schema import Column, required
from tickloom.store.api import Store, open_store
from tickloom.store.commits.manifest import DamagedError
from tickloom.store.layout import CONTROL_DIR, PartitionKey, partition_files
from tickloom.store.partitions.derived import derived_problems, name_problems
from tickloom.store.partitions.formats import format_of
from tickloom.store.partitions.index import ContractIndex
from tickloom.store.partitions.order import contract_runs, index_problem, reading
from tickloom.store.partitions.types import column_problems
from tickloom.store.threads import in_threads

FOREIGN_NOTE = (
    "without a manifest only damage that no longer decodes can be found; "
    "'tickloom adopt STORE' records digests, from which on every changed bit is"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    path: str
    """The file."""

    reason: str
    """What was expected and what was found."""


@dataclass(slots=True)
class Report:
    """What ``verify`` found."""

    files: int = 0
    """Partition files examined."""

    rows: int = 0
    """Rows in them, as far as they could be counted."""

    problems: list[Problem] = field(default_factory=list)
    """Everything that is wrong, in the store's order."""

    notes: list[str] = field(default_factory=list)
    """What could not be checked, and why."""

    @property
    def ok(self) -> bool:
        """True where nothing is wrong."""
        return not self.problems


def verify_store(path: Path, *, deep: bool = False, progress: Progress = untold) -> Report:
    """Examine every file of the store at ``path``; ``progress`` counts them.

    ``deep`` also decodes every page and recomputes what was derived. The sources are not read again
    here, below packing: :func:`tickloom.packing.conservation.check_conservation` does that.
    Raises :class:`UsageError` if there is no store.
    """
    report = Report()
    try:
        store = open_store(path)
    except DamagedError as error:
        report.problems.append(Problem(error.path, str(error)))
        _examine_all(report, _foreign_tasks(path, deep), progress)
        return report
    if not store.managed:
        report.notes.append(FOREIGN_NOTE)
        _examine_all(report, _foreign_tasks(path, deep), progress)
        return report
    keys = sorted(store.manifest.partitions)
    _examine_all(report, [partial(_examine_committed, store, key, deep) for key in keys], progress)
    report.problems += _strangers(store)
    report.problems += _kept_rows(store)
    return report


@dataclass(slots=True)
class _Finding:
    """What the look at one file found."""

    rows: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, path: Path, reason: str) -> None:
        if reason:
            self.problems.append(Problem(str(path), reason))

    @contextmanager
    def noting(self, path: Path) -> Iterator[None]:
        """An error in the block is a problem of ``path``."""
        try:
            with reading(path):
                yield
        except StoreError as error:
            self.note(path, str(error).removeprefix(f"{path}: "))


def _examine_all(report: Report, tasks: list[Callable[[], _Finding]], progress: Progress) -> None:
    for done, finding in enumerate(in_threads(lambda task: task(), tasks), 1):
        report.files += 1
        report.rows += finding.rows
        report.problems += finding.problems
        report.notes += finding.notes
        progress(done, len(tasks))


def _foreign_tasks(path: Path, deep: bool) -> list[Callable[[], _Finding]]:
    return [partial(_examine_foreign, key, file, deep) for key, file in partition_files(path)]


def _examine_foreign(key: PartitionKey, path: Path, deep: bool) -> _Finding:
    """A file that no manifest describes: does it decode, is it sorted, are its columns there."""
    finding = _Finding()
    with finding.noting(path):
        writer = format_of(path)
        for reason in writer.check(path):
            finding.note(path, reason)
        if not finding.problems:
            finding.rows = writer.summarise(path).rows
            _content(finding, path, key, required(key.instrument), lenient=True, deep=deep)
    return finding


def _examine_committed(store: Store, key: PartitionKey, deep: bool) -> _Finding:
    """A partition of the manifest. What is wrong is looked at twice: a packer may be at work."""
    finding = _committed(store, key, deep)
    if finding.problems:
        store.reload()
        finding = _committed(store, key, deep)
    return finding


def _committed(store: Store, key: PartitionKey, deep: bool) -> _Finding:
    entry = store.entry(key)
    if entry is None:
        return _Finding()
    path = _first_existing(store.data_paths(key, entry))
    index_path = _first_existing(store.index_paths(key))
    finding = _Finding(entry.rows)
    finding.note(path, _bytes_problem(path, entry.size, entry.sha256))
    finding.note(index_path, _bytes_problem(index_path, None, entry.index_sha256))
    if not finding.problems:
        index = msgspec.json.decode(index_path.read_bytes(), type=ContractIndex)
        with finding.noting(path):
            columns = store.manifest.columns_of(key)
            _content(finding, path, key, columns, index, lenient=entry.adopted, deep=deep)
    return finding


def _content(
    finding: _Finding,
    path: Path,
    key: PartitionKey,
    columns: Sequence[Column],
    index: ContractIndex | None = None,
    *,
    lenient: bool,
    deep: bool,
) -> None:
    """Columns, order and index of a file whose bytes are as they should be."""
    writer = format_of(path)
    for reason in column_problems(writer.summarise(path).columns, columns, lenient=lenient):
        finding.note(path, reason)
    runs = contract_runs(path, writer, key.instrument)
    if index is not None:
        finding.note(path, index_problem(runs, index))
    if not deep:
        return
    for reason in writer.check(path):
        finding.note(path, reason)
    for reason in name_problems(index) if index is not None else ():
        finding.note(path, reason)
    for reason in derived_problems(path, writer, runs):
        if lenient:  # another tool's formula: worth knowing, no damage
            finding.notes.append(f"{path}: {reason}")
        else:
            finding.note(path, reason)


def _strangers(store: Store) -> list[Problem]:
    """Partition files that the manifest does not know."""
    unknown = _unknown(store)
    if unknown:
        store.reload()  # a packer may just have committed them
        unknown = _unknown(store)
    reason = (
        "it is not in the manifest, so nothing reads it; move it away, or run 'tickloom adopt "
        "STORE' to make it part of the store"
    )
    return [Problem(str(path), reason) for path in unknown]


def _unknown(store: Store) -> list[Path]:
    known = {entry.file for entry in store.manifest.partitions.values()}
    files = (file for _, file in partition_files(store.path))
    return [file for file in files if file.relative_to(store.path).as_posix() not in known]


def _kept_rows(store: Store) -> list[Problem]:
    """Files of rejected rows that are not what was written."""
    problems = []
    for source in store.manifest.sources.values():
        for rejection in source.rejected:
            if rejection.file:
                path = store.path / CONTROL_DIR / rejection.file
                if reason := _bytes_problem(path, None, rejection.sha256):
                    problems.append(Problem(str(path), reason))
    return problems


def _bytes_problem(path: Path, size: int | None, sha256: str) -> str:
    try:
        found = path.stat().st_size
        if size is not None and found != size:
            return f"expected {size} bytes, found {found}"
        digest = file_sha256(path)
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if digest != sha256:
        return f"its bytes changed since they were committed: SHA-256 {sha256}, found {digest}"
    return ""


def _first_existing(paths: Sequence[Path]) -> Path:
    return next((path for path in paths if path.exists()), paths[0])
