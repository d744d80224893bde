"""Bins: rows of one contract and day, spilled as Arrow IPC until their partition is assembled.

A file of bins is a sequence of IPC streams, one a segment; whoever wrote it knows their places.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from tickloom.contracts import Contract, Expiry
from tickloom.store.layout import PartitionKey

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


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

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(segment.rows for segment in self.segments)


class BinFile:
    """A file of bins that is being written."""

    def __init__(self, path: Path, *, compress: bool) -> None:
        import pyarrow as pa

        self.path = path
        self._sink = path.open("wb", buffering=0)
        self._options = pa.ipc.IpcWriteOptions(
            compression="lz4" if compress else None, use_threads=False
        )
        self._size = 0

    def append(self, frame: pl.DataFrame) -> tuple[int, int]:
        """Write the rows of ``frame``; returns their place and size, bytes."""
        import pyarrow as pa

        table = compact(frame)
        buffer = pa.BufferOutputStream()
        with pa.ipc.new_stream(buffer, table.schema, options=self._options) as stream:
            stream.write_table(table)
        data = memoryview(buffer.getvalue())
        offset = self._size
        self._size += len(data)
        while data:
            data = data[self._sink.write(data) :]
        return offset, self._size - offset

    def __enter__(self) -> BinFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sink.close()


def read_segments(path: Path, segments: list[Segment]) -> Iterator[pa.Table]:
    """The rows of ``segments``, one table each."""
    import pyarrow as pa

    with pa.OSFile(str(path)) as source:
        for segment in segments:
            source.seek(segment.offset)
            yield pa.ipc.open_stream(source.read_buffer(segment.size)).read_all()


def compact(frame: pl.DataFrame) -> pa.Table:
    """``frame`` as an Arrow table whose categoricals carry only their own categories: Polars hands
    over every symbol that the process has seen."""
    import polars as pl
    import pyarrow as pa

    text = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Categorical)]
    table = frame.rechunk().drop(text).to_arrow()
    for name in text:
        values = frame[name].cast(pl.String).rechunk().to_arrow()
        column = values.dictionary_encode()
        table = table.append_column(pa.field(name, column.type), column)
    return table
