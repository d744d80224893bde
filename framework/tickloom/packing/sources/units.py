"""Units of sources: what a worker is told to read, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickloom.contracts import NameReading
from tickloom.packing.bins.bin import Bin
from tickloom.specs import Unit
from tickloom.store.commits.manifest import SourceFile
from tickloom.store.layout import PartitionKey

if TYPE_CHECKING:
    import polars as pl


class UnitTask(NamedTuple):
    """One unit to read."""

    number: int
    """Number of the unit within this pack."""

    reader: str
    """Qualified name of its reader."""

    unit: Unit
    """The unit."""

    reading: NameReading | None
    """What the calendar made of its name, read with the whole listing."""

    mapping: Path | None = None
    """The mapping that it is read with."""

    dialect: str = ""
    """The symbol dialect that the user named; empty for the reader's."""


@dataclass(slots=True)
class UnitResult:
    """What became of a unit."""

    number: int
    """Number of the unit within this pack."""

    path: Path
    """Its first file."""

    files: tuple[SourceFile, ...] = ()
    """Identity of its files when reading began."""

    rows: int = 0
    """Rows read, rejected ones included."""

    bins: list[Bin] = field(default_factory=list)
    """Its good rows."""

    mixed: set[PartitionKey] = field(default_factory=set)
    """Partitions of good rows of it that lie in blocks of many contracts."""

    stamp_step: int = 0
    """Microseconds that all its stamps are multiples of: 1,000,000, 1,000 or 1; 0 without any."""

    columns: dict[str, pl.DataType] = field(default_factory=dict)
    """Columns beyond the 58 that its bins have."""

    series: dict[str, dict[str, pl.DataType]] = field(default_factory=dict)
    """Columns that its bins have of each series, such as ``NIFTY/spot``."""

    beyond_floats: set[str] = field(default_factory=set)
    """Those among them with integers that no float64 holds exactly."""

    taken: bool = True
    """False where nothing of it is taken: rows of it in blocks of many contracts do not count."""

    rejected: list[RejectedPart] = field(default_factory=list)
    """What of it is not in the bins."""

    crossed: int = 0
    """Rows with crossed quotes."""

    ignored: int = 0
    """Parts that are another instrument's."""

    empty: bool = False
    """Whether its reader found nothing in it, and nothing wrong with it."""

    resolved: list[str] = field(default_factory=list)
    """How its names with several readings were resolved."""

    @property
    def keys(self) -> set[PartitionKey]:
        """The partitions that it has good rows of."""
        return {found.key for found in self.bins} | self.mixed

    def reject_whole(self, reason: str) -> None:
        """Take nothing of it."""
        self.taken = False
        self.bins = []
        self.mixed = set()
        self.columns = {}
        self.series = {}
        self.beyond_floats = set()
        self.crossed = 0
        self.resolved = []
        self.rejected = [RejectedPart(self.path, reason, self.rows, None)]


class RejectedPart(NamedTuple):
    """What of a unit the store does not take, for one reason."""

    path: Path
    """The raw file."""

    reason: str
    """What was expected and what was found."""

    rows: int
    """Number of rows; 0 where nobody can tell."""

    kept: Path | None
    """Staged Parquet file with these rows, among others; None where there are none to show."""
