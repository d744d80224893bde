"""Bins: rows of one contract and day, spilled as Arrow IPC until their partition is assembled.

A file of bins is a sequence of IPC streams, one a segment; whoever wrote it knows their places.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, TYPE_CHECKING, BinaryIO, Final, NamedTuple

import numpy as np

from tickloom.contracts import Contract, Expiry
from tickloom.store.layout import PartitionKey

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


MOST_LOADED_ROWS: Final = 50_000
"""The largest compressed bin that is unpacked into memory: 22 MB. A contract of half a million rows
a day took 230 MB."""


LEAST_MAPPED_ROWS: Final = 2_000
"""Fewer rows are read, not mapped: each mapping takes a descriptor, of which a process has 1,024 on
Linux and 256 on macOS, and many a contract has 20 rows a day."""

MOST_MAPPINGS: Final = 20
"""Mappings of one bin: a reader of files in order of time may cut it into thousands of segments."""


class Segment(NamedTuple):
    """Consecutive rows of a bin."""

    offset: int
    """Place in the file, bytes."""

    size: int
    """Size in the file, bytes."""

    rows: int
    """Number of rows."""

    first: int
    """Smallest timestamp, microseconds of the wall clock since 1970."""

    last: int
    """Largest timestamp, microseconds of the wall clock since 1970."""

    in_order: bool
    """No timestamp is smaller than the one before it."""


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
    """Whether its segments are compressed; otherwise they are mapped, where they are large."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(segment.rows for segment in self.segments)


class BinFile:
    """A file of bins that is being written."""

    def __init__(self, path: Path, *, compress: bool) -> None:
        import pyarrow as pa

        self.path = path
        self._sink = pa.OSFile(str(path), "wb")
        self._options = pa.ipc.IpcWriteOptions(
            compression="lz4" if compress else None, use_threads=False
        )

    def append(self, table: pa.Table) -> tuple[int, int]:
        """Write the rows of ``table``; returns their place and size, bytes."""
        return _append(self._sink, table, self._options)

    @property
    def size(self) -> int:
        """Its size so far, bytes."""
        return int(self._sink.tell())

    def __enter__(self) -> BinFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sink.close()


def read_segments(found: Bin) -> Iterator[pa.Table]:
    """The rows of a bin, one table for each segment."""
    with found.file.open("rb") as file:
        if found.compressed and found.rows > MOST_LOADED_ROWS:
            yield from _unpacked(found, file)
        elif found.compressed or found.rows < LEAST_MAPPED_ROWS:
            yield from (_loaded(file, segment) for segment in found.segments)
        else:
            yield from _mapped(file, found.segments)


def _unpacked(found: Bin, file: BinaryIO) -> Iterator[pa.Table]:
    """The rows of a large compressed bin, of which only what somebody looks at takes memory."""
    return through_file((_loaded(file, part) for part in found.segments), found.file.parent)


def through_file(tables: Iterable[pa.Table], folder: Path) -> Iterator[pa.Table]:
    """``tables`` by way of a nameless file in ``folder``, without compression: of that file only
    what somebody looks at takes memory."""
    import pyarrow as pa

    with TemporaryFile(dir=folder) as plain:
        sink = pa.PythonFile(plain, "wb")
        options = pa.ipc.IpcWriteOptions(use_threads=False)
        places = [(*_append(sink, table, options), table.num_rows) for table in tables]
        plain.flush()
        yield from _mapped(plain, [Segment(*place, 0, 0, in_order=True) for place in places])


def _append(
    sink: pa.NativeFile, table: pa.Table, options: pa.ipc.IpcWriteOptions
) -> tuple[int, int]:
    import pyarrow as pa

    offset = sink.tell()
    with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
        stream.write_table(table)
    return offset, sink.tell() - offset


def _loaded(file: BinaryIO, segment: Segment) -> pa.Table:
    import pyarrow as pa

    file.seek(segment.offset)
    return pa.ipc.open_stream(file.read(segment.size)).read_all()


def _mapped(file: BinaryIO | IO[bytes], segments: Sequence[Segment]) -> Iterator[pa.Table]:
    """The bytes of the segments themselves: no copies, and mapped only as long as somebody uses
    them or one of those that are mapped together with them."""
    import pyarrow as pa

    for group in _groups(segments):
        start = group[0].offset - group[0].offset % mmap.ALLOCATIONGRANULARITY
        size = group[-1].offset + group[-1].size - start
        mapping = mmap.mmap(file.fileno(), size, offset=start, access=mmap.ACCESS_READ)
        for segment in group:
            place = segment.offset - start
            yield pa.ipc.open_stream(memoryview(mapping)[place : place + segment.size]).read_all()


def _groups(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Neighbours that are mapped together, in order of their places."""
    enough = max(LEAST_MAPPED_ROWS, sum(segment.rows for segment in segments) // MOST_MAPPINGS)
    group: list[Segment] = []
    rows = 0
    for segment in segments:
        group.append(segment)
        rows += segment.rows
        if rows >= enough:
            yield group
            group, rows = [], 0
    if group:
        yield group


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
    # Not pa.array(): it imports pandas where that happens to be installed, half a second a worker.
    rows = len(column)
    zeros = pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(np.zeros(rows, np.int32))])
    return pa.DictionaryArray.from_arrays(zeros, column.head(1).cast(pl.String).to_arrow())
