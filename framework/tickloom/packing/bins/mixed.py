"""Blocks of many contracts: rows of one partition, of several units, in the store's order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tickloom.contracts import Contract, Expiry
from tickloom.packing.bins.bin import Block
from tickloom.packing.bins.reader import MOST_LOADED_ROWS, read_blocks
from tickloom.store.layout import PartitionKey

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]

UNIT: Final = "__tickloom_unit"
"""A column of these blocks: the number of the unit that a row is from, int32."""


class MixedBlock(NamedTuple):
    """Rows of one partition. One contract's rows are neighbours; among them those of a unit are,
    in the vendor's order."""

    key: PartitionKey
    """Day and underlying."""

    file: Path
    """File of bins."""

    compressed: bool
    """Whether the block is compressed; otherwise it is mapped, where it is large."""

    block: Block
    """Its place."""

    contracts: tuple[tuple[Contract, Expiry], ...]
    """Its contracts and when they expire, in the order of their rows."""

    starts: Ints
    """``int64[contracts + 1]``: first row of each contract, and one after the last."""

    units: dict[int, int]
    """Rows of each unit."""

    def rows_without(self, excluded: frozenset[int]) -> int:
        """Rows of the units that are not ``excluded``."""
        return sum(rows for unit, rows in self.units.items() if unit not in excluded)


class MixedTables:
    """The tables of some blocks, read once. Large ones lie in files: of those, only what somebody
    looks at takes memory."""

    def __init__(self, blocks: Sequence[MixedBlock], folder: Path) -> None:
        """``folder`` takes a nameless file where compressed blocks are too large for memory."""
        self._tables: list[pa.Table] = []
        by_file: dict[Path, list[MixedBlock]] = {}
        for block in blocks:
            by_file.setdefault(block.file, []).append(block)
        found: dict[int, pa.Table] = {}
        load_all = sum(block.block.rows for block in blocks) <= MOST_LOADED_ROWS
        for file, group in by_file.items():
            compressed = group[0].compressed
            tables = read_blocks(
                file, [one.block for one in group], compressed, folder, load=load_all
            )
            found |= {id(one): table for one, table in zip(group, tables, strict=True)}
        self._tables = [found[id(block)] for block in blocks]

    def slice(self, block: int, start: int, rows: int) -> pa.Table:
        """Consecutive rows of the block with this number."""
        return self._tables[block].slice(start, rows)
