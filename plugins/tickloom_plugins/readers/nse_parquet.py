"""Reader ``nse-parquet``: one Parquet file a contract, lower-case trading symbol as its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tickloom import RawBatch, ReadError, ReaderSpec, Rejected, SourceOptions, Unit
from tickloom_plugins.readers.file_kinds import PARQUET, START_BYTES, kind_of
from tickloom_plugins.readers.parquet_layout import CLOCKS, Layout, open_file
from tickloom_plugins.readers.quick_parquet import decode, has_checksums

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

ZONE: Final = "Asia/Kolkata"

STREAMED: Final = 2
"""A row group is decoded piece by piece: 416 MB of them took 110 MB beside the batch itself. So it
may be twice as large as a piece: those of all workers together are then within ``--memory``."""


def discover(source: Path, options: SourceOptions) -> Iterable[Unit]:
    """Every ``*.parquet`` below ``source``, or ``source`` itself; the name is the symbol."""
    found = [source] if source.is_file() else sorted(source.rglob("*"))
    for path in found:
        if path.suffix.lower() == ".parquet" and path.is_file():
            yield Unit(paths=(path,), name=path.stem)


def read(unit: Unit, options: SourceOptions) -> Iterator[RawBatch | Rejected]:
    """The file's rows in its order, ``options.batch_rows`` at a time, without the row labels that
    pandas adds; nothing of a file without rows.

    Raises :class:`tickloom.ReadError` when the file is damaged or encrypted, lacks a required
    column, has clocks of several zones, or has a row group that would need more memory than
    ``options.batch_bytes`` allow (known from the footer, before it is read). The rows that it did
    not deliver until then, by the footer, are rejected first, so that they are counted.
    """
    import pyarrow as pa

    path, unread = unit.paths[0], 0
    try:
        file, layout = open_file(path)
        with file:
            unread = file.metadata.num_rows
            if not unread:
                return
            if layout.refusal:
                raise ReadError(layout.refusal)
            _check_row_groups(file.metadata, layout, options.batch_bytes)
            rows = min(options.batch_rows, max(options.batch_bytes // layout.row_bytes, 1))
            for frame in _frames(path, file, layout, rows):
                unread -= len(frame)
                yield RawBatch(frame=frame.drop(layout.row_labels), symbol=unit.name)
    except (ReadError, pa.ArrowException, OSError, UnicodeDecodeError) as error:
        refusal = _refusal(error, path)
        if unread > 0:
            yield Rejected(path=path, reason=str(refusal), rows=unread)
        raise refusal from (None if refusal is error else error)


def _refusal(error: Exception, path: Path) -> ReadError:
    if isinstance(error, ReadError):
        return error
    if isinstance(error, FileNotFoundError | PermissionError):
        return ReadError(f"expected a file that can be opened; found {error}.")
    found = " ".join(str(error).split()).rstrip(".")
    if "crypt" in found:  # of the footer or of columns: Arrow says nothing else of either
        return ReadError(
            "expected a Parquet file without encryption; found it encrypted. Decrypt it first: "
            "read it with its keys and write it again without."
        )
    with path.open("rb") as data:
        kind = kind_of(data.read(START_BYTES))
    if kind and kind != PARQUET:
        return ReadError(f"expected a Parquet file; found {kind}.")
    return ReadError(
        f"expected a readable Parquet file; found damage: {found}. Fetch the file again."
    )


def _frames(path: Path, file: pq.ParquetFile, layout: Layout, rows: int) -> Iterator[pl.DataFrame]:
    """The rows of ``file``, at most ``rows`` at a time."""
    done = 0
    if layout.is_plain and not has_checksums(path, file.metadata):
        for frame in decode(path, file, layout, rows):
            done += frame.height
            yield frame
    if done == file.metadata.num_rows:
        return
    for batch in file.iter_batches(batch_size=rows):
        batch.validate(full=True)
        if done < batch.num_rows:
            yield _to_frame(batch.slice(done))
        done = max(done - batch.num_rows, 0)


def _check_row_groups(footer: pq.FileMetaData, layout: Layout, budget: int) -> None:
    width = layout.row_bytes
    for i in range(footer.num_row_groups):
        group = footer.row_group(i)
        stored = sum(group.column(j).total_uncompressed_size for j in layout.texts_at)
        if group.num_rows * width / STREAMED + stored > budget:
            raise ReadError(
                f"expected row groups of at most {STREAMED * budget:,} bytes decoded; found "
                f"{group.num_rows:,} rows of {width} bytes in row group {i}. Write the file with "
                "smaller row groups, or allow more by --memory."
            )


def _to_frame(batch: pa.RecordBatch) -> pl.DataFrame:
    """The batch with every clock brought to the exchange's wall clock."""
    import polars as pl
    import pyarrow as pa

    columns = []
    aware = []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_null(field.type) and field.name in CLOCKS:
            column = column.cast(pa.timestamp("us"))
        elif pa.types.is_timestamp(field.type) and field.type.tz is not None:
            # An instant whatever its zone is called; Polars need not know the name.
            column = column.cast(pa.timestamp(field.type.unit, "UTC"))
            aware.append(field.name)
        columns.append(column)
    frame = pl.from_arrow(pa.RecordBatch.from_arrays(columns, names=batch.schema.names))
    assert isinstance(frame, pl.DataFrame)
    return frame.with_columns(pl.col(aware).dt.convert_time_zone(ZONE).dt.replace_time_zone(None))


NSE_PARQUET: Final = ReaderSpec(
    name="nse-parquet",
    summary="One Parquet file per contract, named by its trading symbol (52 columns).",
    zone=ZONE,
    calendar="nse",
    version="2",
    discover=discover,
    read=read,
)
