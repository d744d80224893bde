"""Blocks of many contracts: rows of one partition, of several units, in the store's order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tickloom.contracts import Contract, Expiry
from tickloom.packing.bins.bin import Block
from tickloom.packing.bins.file import write_block
from tickloom.packing.bins.reader import MOST_LOADED_ROWS, loaded, mapped
from tickloom.store.layout import PartitionKey

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]

MOST_MAPPED_BLOCKS: Final = 32
"""Blocks that are mapped together. Of more blocks the rows are copied, file by file: a mapping
takes a descriptor, and the system maps 64 kB wherever a page of a column is looked at."""

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
    """The rows of some blocks, a few contracts at a time. Where there are many, they stay in files,
    and those are mapped for as long as one look at them takes: what was looked at would count as
    this process's memory otherwise, until all of it is there."""

    def __init__(self, blocks: Sequence[MixedBlock], folder: Path) -> None:
        """``folder`` takes a nameless file where compressed blocks are too large for memory."""
        self._files = [block.file for block in blocks]
        self._blocks = [block.block for block in blocks]
        self._loaded: list[pa.Table] | None = None
        self._plain: IO[bytes] | None = None
        if sum(block.rows for block in self._blocks) <= MOST_LOADED_ROWS:
            self._loaded = [table for _, table in self._load(range(len(blocks)))]
        elif any(block.compressed for block in blocks):
            self._plain = TemporaryFile(dir=folder)  # noqa: SIM115
            self._blocks = self._unpack()

    def close(self) -> None:
        """Let go of the nameless file."""
        if self._plain is not None:
            self._plain.close()

    def slices(
        self, parts: Sequence[tuple[int, int, int]]
    ) -> Iterator[tuple[tuple[int, int, int], pa.Table]]:
        """Of each part, ``(number of the block, first row, number of rows)``, the rows; in order of
        their files."""
        if self._loaded is not None:
            yield from ((part, self._loaded[part[0]].slice(*part[1:])) for part in parts)
            return
        by_file: dict[Path, dict[int, list[tuple[int, int, int]]]] = {}
        for part in parts:
            by_file.setdefault(self._files[part[0]], {}).setdefault(part[0], []).append(part)
        groups = by_file.values() if self._plain is None else [_joined(by_file.values())]
        keep = sum(map(len, by_file.values())) <= MOST_MAPPED_BLOCKS
        for group in groups:
            numbers = sorted(group, key=lambda number: self._blocks[number].offset)
            for number, table in zip(numbers, self._map(numbers), strict=True):
                for part in group[number]:
                    mine = table.slice(*part[1:])
                    yield part, mine if keep else _copied(mine)

    def _map(self, numbers: Sequence[int]) -> Iterator[pa.Table]:
        """Blocks of one file, in order of their places."""
        blocks = [self._blocks[number] for number in numbers]
        if self._plain is not None:
            yield from mapped(self._plain, blocks)
            return
        with self._files[numbers[0]].open("rb") as file:
            yield from mapped(file, blocks)

    def _load(self, numbers: Iterable[int]) -> Iterator[tuple[int, pa.Table]]:
        for number in numbers:
            with self._files[number].open("rb") as file:
                yield number, loaded(file, self._blocks[number])

    def _unpack(self) -> list[Block]:
        """All blocks without compression, in the nameless file: their places in it."""
        import pyarrow as pa

        assert self._plain is not None
        sink = pa.PythonFile(self._plain, "wb")
        options = pa.ipc.IpcWriteOptions(use_threads=False)
        places = [
            Block(table.num_rows, *write_block(sink, table, options))
            for _, table in self._load(range(len(self._blocks)))
        ]
        self._plain.flush()
        return places


def _joined(
    groups: Iterable[dict[int, list[tuple[int, int, int]]]],
) -> dict[int, list[tuple[int, int, int]]]:
    return {number: parts for group in groups for number, parts in group.items()}


def _copied(table: pa.Table) -> pa.Table:
    """The same rows in memory of their own."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return pa.ipc.open_stream(sink.getvalue()).read_all()
