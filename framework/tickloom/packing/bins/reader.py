"""Bins when they are read again: mapped where that is worth it, loaded otherwise."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, BinaryIO, Final, NamedTuple

from tickloom.packing.bins.bin import Bin, Block
from tickloom.packing.bins.file import write_block

if TYPE_CHECKING:
    import pyarrow as pa

MOST_LOADED_ROWS: Final = 50_000
"""The largest compressed bin that is unpacked into memory: 22 MB. A contract of half a million rows
a day took 230 MB."""


LEAST_MAPPED_ROWS: Final = 2_000
"""Fewer rows are read, not mapped: each mapping takes a descriptor, of which a process has 1,024 on
Linux and 256 on macOS, and many a contract has 20 rows a day."""

MOST_MAPPINGS: Final = 20
"""Mappings of one bin: a reader of files in order of time may cut it into thousands of segments."""

KEPT_ROWS: Final = 32_768
"""Rows of shared blocks that are kept for the next contracts: 14 MB."""


class Piece(NamedTuple):
    """Consecutive rows of a bin."""

    block: pa.Table
    """The rows of a block."""

    start: int
    """The first one that belongs to the bin."""

    rows: int
    """Number of rows."""

    @property
    def table(self) -> pa.Table:
        """These rows alone."""
        return self.block.slice(self.start, self.rows)


def joined(pieces: Iterable[Piece]) -> Iterator[pa.Table]:
    """The rows of ``pieces``, neighbours in a block as one table: to make a frame of a table takes
    3 µs for each chunk of each column."""
    last: Piece | None = None
    for piece in pieces:
        if last and piece.block is last.block and piece.start == last.start + last.rows:
            last = last._replace(rows=last.rows + piece.rows)
            continue
        if last:
            yield last.table
        last = piece
    if last:
        yield last.table


class BinReader:
    """Reads the bins of a partition, those of neighbours one after another: it keeps the blocks
    that they may share."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Path, int], pa.Table] = {}

    def pieces(self, found: Bin) -> Iterator[Piece]:
        """The rows of a bin, one piece for each segment."""
        for is_alone, segments in groupby(found.segments, lambda segment: segment.is_alone):
            if is_alone:
                blocks = [segment.block for segment in segments]
                for table in _read(found, blocks):
                    yield Piece(table, 0, table.num_rows)
            else:
                for segment in segments:
                    yield Piece(self._shared(found, segment.block), segment.start, segment.rows)

    def _shared(self, found: Bin, block: Block) -> pa.Table:
        key = found.file, block.offset
        table = self._kept.pop(key, None)
        if table is None:
            while self._kept and block.rows + self._rows() > KEPT_ROWS:
                del self._kept[next(iter(self._kept))]
            [table] = _read(found, [block])
        self._kept[key] = table  # the last one: the one that was used longest ago goes first
        return table

    def _rows(self) -> int:
        return sum(table.num_rows for table in self._kept.values())


def _read(found: Bin, blocks: Sequence[Block]) -> Iterator[pa.Table]:
    """Whole blocks of a bin."""
    rows = sum(block.rows for block in blocks)
    with found.file.open("rb") as file:
        if found.compressed and rows > MOST_LOADED_ROWS:
            # Of what is unpacked only what somebody looks at takes memory.
            yield from through_file((loaded(file, block) for block in blocks), found.file.parent)
        elif found.compressed or rows < LEAST_MAPPED_ROWS:
            yield from (loaded(file, block) for block in blocks)
        else:
            yield from mapped(file, blocks)


def through_file(tables: Iterable[pa.Table], folder: Path) -> Iterator[pa.Table]:
    """``tables`` by way of a nameless file in ``folder``, without compression: of that file only
    what somebody looks at takes memory."""
    import pyarrow as pa

    with TemporaryFile(dir=folder) as plain:
        sink = pa.PythonFile(plain, "wb")
        options = pa.ipc.IpcWriteOptions(use_threads=False)
        blocks = [Block(table.num_rows, *write_block(sink, table, options)) for table in tables]
        plain.flush()
        yield from mapped(plain, blocks)


def loaded(file: BinaryIO, block: Block) -> pa.Table:
    """A block in memory."""
    import pyarrow as pa

    file.seek(block.offset)
    return pa.ipc.open_stream(file.read(block.size)).read_all()


def mapped(file: BinaryIO | IO[bytes], blocks: Sequence[Block]) -> Iterator[pa.Table]:
    """The bytes of the blocks themselves: no copies, and mapped only as long as somebody uses them
    or one of those that are mapped together with them."""
    import pyarrow as pa

    for group in _groups(blocks):
        start = group[0].offset - group[0].offset % mmap.ALLOCATIONGRANULARITY
        size = group[-1].offset + group[-1].size - start
        mapping = mmap.mmap(file.fileno(), size, offset=start, access=mmap.ACCESS_READ)
        for block in group:
            place = block.offset - start
            yield pa.ipc.open_stream(memoryview(mapping)[place : place + block.size]).read_all()


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Neighbours that are mapped together, in order of their places."""
    enough = max(LEAST_MAPPED_ROWS, sum(block.rows for block in blocks) // MOST_MAPPINGS)
    group: list[Block] = []
    rows = 0
    for block in blocks:
        group.append(block)
        rows += block.rows
        if rows >= enough:
            yield group
            group, rows = [], 0
    if group:
        yield group
