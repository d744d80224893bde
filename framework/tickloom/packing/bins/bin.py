"""Bins: rows of one contract and day, put aside until their partition is assembled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tickloom.contracts import Contract, Expiry
from tickloom.store.layout import PartitionKey


@dataclass(slots=True)
class Block:
    """Rows that are written together, of one contract or of several."""

    rows: int
    """Number of rows."""

    offset: int = -1
    """Place in the file of bins, bytes; known when it is written."""

    size: int = -1
    """Size in the file of bins, bytes; known when it is written."""


class Segment(NamedTuple):
    """Consecutive rows of a bin, in one block."""

    block: Block
    """The block."""

    start: int
    """The first row of the block that belongs to the bin."""

    rows: int
    """Number of rows."""

    first: int
    """Smallest timestamp, microseconds of the wall clock since 1970."""

    last: int
    """Largest timestamp, microseconds of the wall clock since 1970."""

    in_order: bool
    """No timestamp is smaller than the one before it."""

    @property
    def is_alone(self) -> bool:
        """Whether nothing else is in its block."""
        return self.rows == self.block.rows


class Bin(NamedTuple):
    """The rows that one unit has of one contract on one day."""

    key: PartitionKey
    """Day and underlying."""

    contract: Contract
    """The contract."""

    expiry: Expiry
    """When it expires."""

    file: Path
    """File of bins."""

    segments: list[Segment]
    """Its rows, in the vendor's order."""

    compressed: bool
    """Whether its blocks are compressed; otherwise they are mapped, where they are large."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(segment.rows for segment in self.segments)
