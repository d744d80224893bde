"""Files of bins while they are written: a sequence of Arrow IPC streams, one a block."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from tickloom.arrow import array_of
from tickloom.packing.bins.bin import Block
from tickloom.paths import portable_name
from tickloom.store.layout import PartitionKey

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

MOST_SHARED_ROWS: Final = 8_192
"""A larger batch has blocks of its own. Of many small contracts, writing a block for each day of
each one, reading it and putting all of them together took 0.6 ms a contract and day; it takes 0.36
where they share blocks."""

HELD_ROWS: Final = 4 * MOST_SHARED_ROWS
"""Rows of batches of which something waits for others: 14 MB."""


class Part(NamedTuple):
    """Consecutive rows of a table."""

    key: PartitionKey
    """The partition that they belong to."""

    start: int
    """First row."""

    rows: int
    """Number of rows."""


class BinFile:
    """A file of bins that is being written. Blocks have their places when it is finished."""

    def __init__(self, path: Path, *, compress: bool) -> None:
        import pyarrow as pa

        self.path = path
        with portable_name(path, "wb") as name:
            self._sink = pa.OSFile(name, "wb")
        self._options = pa.ipc.IpcWriteOptions(
            compression="lz4" if compress else None, use_threads=False
        )
        self._waiting: dict[PartitionKey, tuple[Block, list[pa.Table]]] = {}
        self._held = 0
        self._schema: pa.Schema | None = None

    def append(
        self, table: pa.Table, parts: Sequence[Part], *, shared: bool
    ) -> list[tuple[Block, int]]:
        """Write the ``parts`` of ``table``: the block of each, and its first row in it. Parts of
        small tables have one with others of their partitions, if that is to be ``shared``."""
        if shared and table.num_rows <= MOST_SHARED_ROWS:
            return self._append_shared(table, parts)
        blocks = [Block(part.rows) for part in parts]
        for block, part in zip(blocks, parts, strict=True):
            self._write(block, table.slice(part.start, part.rows))
        return [(block, 0) for block in blocks]

    def _append_shared(self, table: pa.Table, parts: Sequence[Part]) -> list[tuple[Block, int]]:
        if self._held + table.num_rows > HELD_ROWS or table.schema != self._schema:
            self._flush()
            self._schema = table.schema
        self._held += table.num_rows
        places = []
        for part in parts:
            block, tables = self._waiting.setdefault(part.key, (Block(0), []))
            places.append((block, block.rows))
            block.rows += part.rows
            tables.append(table.slice(part.start, part.rows))
            if block.rows >= MOST_SHARED_ROWS:
                self._write_shared(part.key)
        return places

    def append_alone(self, table: pa.Table) -> Block:
        """Write ``table`` as a block of its own."""
        block = Block(table.num_rows)
        self._write(block, table)
        return block

    def finish(self) -> int:
        """Write what waits; the size of the file, bytes."""
        self._flush()
        return int(self._sink.tell())

    def __enter__(self) -> BinFile:
        return self

    def __exit__(self, *error: object) -> None:
        self._sink.close()

    def _flush(self) -> None:
        for key in list(self._waiting):
            self._write_shared(key)
        self._held = 0

    def _write_shared(self, key: PartitionKey) -> None:
        import pyarrow as pa

        block, tables = self._waiting.pop(key)
        self._write(block, pa.concat_tables(tables).unify_dictionaries().combine_chunks())

    def _write(self, block: Block, table: pa.Table) -> None:
        block.offset, block.size = write_block(self._sink, table, self._options)


def write_block(
    sink: pa.NativeFile, table: pa.Table, options: pa.ipc.IpcWriteOptions
) -> tuple[int, int]:
    """Write ``table`` as a stream of its own; its place and size, bytes."""
    import pyarrow as pa

    offset = sink.tell()
    with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
        stream.write_table(table)
    return offset, sink.tell() - offset


def compact(frame: pl.DataFrame) -> pa.Table:
    """``frame`` as an Arrow table whose categoricals carry only their own categories: Polars hands
    over every symbol that the process has seen."""
    import polars as pl

    types = list(zip(frame.columns, frame.dtypes, strict=True))
    named = [name for name, dtype in types if isinstance(dtype, pl.Categorical)]
    others = frame.rechunk()
    columns = {name: _dictionary(others.drop_in_place(name)) for name in named}
    table = others.to_arrow()
    for place, (name, _) in enumerate(types):
        if name in columns:
            table = table.add_column(place, name, columns[name])
    return table


def _dictionary(column: pl.Series) -> pa.Array:
    import polars as pl
    import pyarrow as pa

    if column.null_count() or column.n_unique() > 1:
        return column.cast(pl.String).to_arrow().dictionary_encode()
    # One contract has one symbol: no need to look at each row's text.
    zeros = array_of(np.zeros(len(column), np.int32))
    return pa.DictionaryArray.from_arrays(zeros, column.head(1).cast(pl.String).to_arrow())
