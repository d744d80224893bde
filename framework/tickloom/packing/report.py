"""What a pack did."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Input that the store could not take."""

    path: Path
    """The raw file."""

    reason: str
    """What was expected and what was found."""

    rows: int
    """Rows lost to it; 0 where nobody can tell."""


@dataclass(frozen=True, slots=True)
class Conflicting:
    """Rows of one partition about which its sources disagree: all are kept, side by side."""

    partition: str
    """``DATE/UNDERLYING``."""

    rows: int
    """Rows that stand beside others of their second."""

    columns: tuple[str, ...]
    """Columns that differ, those of most rows first."""

    sources: tuple[str, ...]
    """Paths of sources that have rows there, as far as that is known."""

    example: str
    """One of the rows."""


@dataclass(slots=True)
class PackReport:
    """Counts of one pack; ``rows_read = rows_written + rows_duplicate + rows_quarantined``."""

    files: int = 0
    """Files that a reader claimed, skipped ones included."""

    rows_read: int = 0
    """Rows of the sources that were read."""

    rows_written: int = 0
    """Rows that the store has now and did not have before."""

    rows_duplicate: int = 0
    """Rows that the store, or another source, has already."""

    rows_quarantined: int = 0
    """Rows in quarantine, as far as they could be counted."""

    partitions: int = 0
    """Partitions that were committed."""

    sources_skipped: int = 0
    """Sources that have not changed since they were packed."""

    files_ignored: int = 0
    """Files that no reader claimed."""

    files_empty: int = 0
    """Files that were read and have no rows: nothing is wrong with them."""

    parts_ignored: int = 0
    """Parts of files that are another instrument's: a dump's table of futures, say."""

    bytes_in: int = 0
    """Size of the files that were read, bytes."""

    bytes_out: int = 0
    """Size of the partition files that were written, bytes."""

    quarantined: list[Quarantined] = field(default_factory=list)
    """What was not taken, and why."""

    elapsed_s: float = 0.0
    """Wall time, seconds."""

    names_settled: list[str] = field(default_factory=list)
    """Names with several readings that the dates of their ticks resolved: which, and how."""

    stamps_coarser: list[str] = field(default_factory=list)
    """Pairs of sources read in this pack that have one contract and day, and stamps that are not
    equally fine: kept, both of them, as different rows."""

    crossed_quotes: int = 0
    """Rows whose best bid is above their best ask: kept, worth a look."""

    volume_resets: int = 0
    """Rows whose volume is below the row before, in the partitions written: kept, vol_delta 0."""

    conflicts: list[Conflicting] = field(default_factory=list)
    """Where sources of the partitions that were assembled disagree."""

    @property
    def rows_conflicting(self) -> int:
        """Rows that stand beside others of their second, in the partitions that were assembled."""
        return sum(conflict.rows for conflict in self.conflicts)

    @property
    def rows_per_s(self) -> float:
        """Rows read per second of wall time."""
        return self.rows_read / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def ratio(self) -> float:
        """Bytes in by bytes out; 0 where nothing was written."""
        return self.bytes_in / self.bytes_out if self.bytes_out else 0.0

    @property
    def exit_code(self) -> int:
        """0, or 3 where some input is quarantined."""
        return 3 if self.quarantined else 0

    def to_json(self) -> dict[str, Any]:
        """The object that ``pack --json`` prints; ``names_settled``, ``stamps_coarser`` and
        ``conflicts`` only where there are any."""
        resolved = {"names_settled": self.names_settled} if self.names_settled else {}
        return {
            "files": self.files,
            "rows_read": self.rows_read,
            "rows_written": self.rows_written,
            "rows_duplicate": self.rows_duplicate,
            "rows_quarantined": self.rows_quarantined,
            "rows_conflicting": self.rows_conflicting,
            "partitions": self.partitions,
            "sources_skipped": self.sources_skipped,
            "files_ignored": self.files_ignored,
            "files_empty": self.files_empty,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "quarantined": [
                {"path": str(q.path), "reason": q.reason, "rows": q.rows} for q in self.quarantined
            ],
            "elapsed_s": self.elapsed_s,
            "rows_per_s": self.rows_per_s,
            **resolved,
            **({"stamps_coarser": self.stamps_coarser} if self.stamps_coarser else {}),
            **({"conflicts": [asdict(one) for one in self.conflicts]} if self.conflicts else {}),
        }
