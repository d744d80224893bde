"""What a sweep has so far: totals of every set over whole partitions, kept on disk on request."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from tickloom.engine.kernels.constants import prepare_constants
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.loading.plans import array_plan, native_library, step_plan
from tickloom.engine.request.filters import Filters
from tickloom.engine.running.job import Job
from tickloom.errors import TickloomError, UsageError, system_error
from tickloom.files import SYSTEM, file_sha256
from tickloom.store.api import Partition

FILE: Final = "sweep-so-far.npz"
"""Name of the file in the output folder; it goes away when the sweep is done."""

COUNTS: Final = ("partitions", "contracts", "rows", "rows_skipped", "rows_read")


@dataclass(slots=True)
class Totals:
    """Sums over partitions in the store's order, the contracts' profits added one after another:
    the very sum of a single run."""

    pnl: npt.NDArray[np.float64]
    """Profit of each set."""

    trades: npt.NDArray[np.int64]
    """Trades of each set."""

    through: int = 0
    """Partitions that are in the sums or were left out."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    """Partitions, contracts and rows that are in the sums."""

    skipped: list[tuple[str, str, int]] = field(default_factory=list)
    """Partitions that were left out: name, column without values, rows."""

    @classmethod
    def zero(cls, sets: int) -> Totals:
        """Nothing yet. The neutral element of addition is -0.0."""
        return cls(np.full(sets, -0.0), np.zeros(sets, np.int64))

    def add(self, pnl: npt.NDArray[np.float64], trades: npt.NDArray[np.int64]) -> None:
        """Add contracts, shape (sets, contracts), in store order."""
        self.pnl = np.cumsum(np.column_stack([self.pnl, pnl]), axis=1)[:, -1]
        self.trades = self.trades + trades


class Checkpoint:
    """The totals of an unfinished sweep in a folder, tied to exactly this sweep."""

    def __init__(self, folder: Path, key: str) -> None:
        self._path = folder / FILE
        self._key = key

    def load(self) -> Totals | None:
        """What is there; None if nothing is. Raises :class:`UsageError` if it is another sweep's
        or cannot be read."""
        if not self._path.exists():
            return None
        try:
            with self._path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                found = {name: file[name] for name in file.files}
            key = str(found["key"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise self._refused(f"cannot be read ({error})") from error
        if key != self._key:
            raise self._refused("belongs to another sweep: kernel, parameters or store differ")
        counts = dict(zip(COUNTS, found["counts"].tolist(), strict=True))
        skipped = [(str(p), str(c), int(r)) for p, c, r in found["skipped"].tolist()]
        return Totals(found["pnl"], found["trades"], int(found["through"]), counts, skipped)

    def save(self, totals: Totals) -> None:
        """Put ``totals`` there, whole or not at all."""
        arrays: dict[str, Any] = {
            "key": np.array(self._key),
            "pnl": totals.pnl,
            "trades": totals.trades,
            "through": np.array(totals.through),
            "counts": np.array([totals.counts[name] for name in COUNTS]),
            "skipped": np.array([[p, c, str(r)] for p, c, r in totals.skipped]).reshape(-1, 3),
        }
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        try:
            with SYSTEM.replacing(self._path) as fresh:
                fresh.write_bytes(buffer.getvalue())
        except OSError as error:
            raise TickloomError(f"cannot keep the sweep so far: {system_error(error)}") from error

    def clear(self) -> None:
        """The sweep is done."""
        self._path.unlink(missing_ok=True)

    def _refused(self, why: str) -> UsageError:
        return UsageError(f"{self._path} {why}; delete it to start over, or use another --out")


def sweep_key(job: Job[Any], filters: Filters, partitions: Sequence[Partition]) -> str:
    """A digest of everything that decides a sweep's totals: kernel, constants of every set, fills,
    filters and the partitions' files."""
    digest = hashlib.sha256()
    constants = [
        job.kernel.layout.pack(prepare_constants(job.spec, record)) for record in job.params
    ]
    kernel = (job.spec.name, _code(job), repr(job.params), repr(constants))
    for text in (*kernel, repr(job.fill), repr(job.costs), repr(job.variant), repr(filters)):
        digest.update(text.encode() + b"\0")
    for partition in partitions:
        digest.update(f"{partition.key} {_file(partition)}\0".encode())
    return digest.hexdigest()


def _code(job: Job[Any]) -> str:
    """What tells one state of the kernel's code from another."""
    if job.spec.kind == "native":
        return file_sha256(native_library(job.spec)[0])
    kernels = [job.kernel]
    if job.spec.switch is not None:
        kernels.append(Specialised.of(job.spec.switch[1], job.variant))
    plan = array_plan if job.spec.kind == "array" else step_plan
    return " ".join(plan(kernel).key for kernel in kernels)


def _file(partition: Partition) -> str:
    if partition.entry:
        return partition.entry.sha256
    found = partition.file().stat()
    return f"{found.st_size} {found.st_mtime_ns}"
