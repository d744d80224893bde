"""Reader ``nse-parquet``: one Parquet file a contract, lower-case trading symbol as its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tickloom import RawBatch, ReadError, ReaderSpec, Rejected, SourceOptions, Unit
from tickloom_plugins.readers.quick_parquet import can_decode, decode

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

ZONE: Final = "Asia/Kolkata"
REQUIRED: Final = ("timestamp", "price")
CLOCKS: Final = ("timestamp", "ts", "lastTradeTime")

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
    """The file's rows in its order, ``options.batch_rows`` at a time.

    Raises :class:`tickloom.ReadError` when the file is damaged or empty, lacks a required column,
    has clocks of several zones, or has a row group that would need more memory than
    ``options.batch_bytes`` allow (known from the footer, before it is read). The rows that it did
    not deliver until then, by the footer, are rejected first, so that they are counted.
    """
    import pyarrow as pa

    path, unread = unit.paths[0], 0
    try:
        with _open(path) as file:
            unread = file.metadata.num_rows
            schema = file.schema_arrow
            _check_columns_once(file.metadata.schema.to_arrow_schema())
            width = _row_bytes(schema)
            _check_row_groups(file.metadata, schema, width, options.batch_bytes)
            rows = min(options.batch_rows, max(options.batch_bytes // width, 1))
            for frame in _frames(path, file, rows):
                unread -= len(frame)
                yield RawBatch(frame=frame, symbol=unit.name)
    except (ReadError, pa.ArrowException, OSError, UnicodeDecodeError) as error:
        refusal = _refusal(error)
        if unread > 0:
            yield Rejected(path=path, reason=str(refusal), rows=unread)
        raise refusal from (None if refusal is error else error)


def _refusal(error: Exception) -> ReadError:
    if isinstance(error, ReadError):
        return error
    if isinstance(error, FileNotFoundError | PermissionError):
        return ReadError(f"expected a file that can be opened; found {error}.")
    found = " ".join(str(error).split()).rstrip(".")
    return ReadError(
        f"expected a readable Parquet file; found damage: {found}. Fetch the file again."
    )


def _open(path: Path) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    footer = pq.read_metadata(path)
    # Text as dictionaries, or one long text repeated in every row could outgrow any budget.
    text = [field.name for field in footer.schema.to_arrow_schema() if _is_text(field.type)]
    return pq.ParquetFile(
        path, metadata=footer, read_dictionary=text, page_checksum_verification=True
    )


def _frames(path: Path, file: pq.ParquetFile, rows: int) -> Iterator[pl.DataFrame]:
    """The rows of ``file``, at most ``rows`` at a time."""
    done = 0
    if can_decode(path, file):
        for frame in decode(path, file, rows):
            done += frame.height
            yield frame
    if done == file.metadata.num_rows:
        return
    for batch in file.iter_batches(batch_size=rows):
        batch.validate(full=True)
        if done < batch.num_rows:
            yield _to_frame(batch.slice(done))
        done = max(done - batch.num_rows, 0)


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import lib

    return kind.id in (lib.Type_STRING, lib.Type_LARGE_STRING, lib.Type_STRING_VIEW)


_passed: list[pa.Schema] = []
"""The schema that passed last: a vendor's files are all alike, and a check takes 0.7 ms."""


def _check_columns_once(schema: pa.Schema) -> None:
    if not (_passed and schema.equals(_passed[0])):
        _check_columns(schema)
        _passed[:] = [schema]


def _check_columns(schema: pa.Schema) -> None:
    names = schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ReadError(f"expected each column once; found several of {', '.join(twice)}.")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise ReadError(
            f"expected the columns {' and '.join(REQUIRED)}; found none called "
            f"{' and '.join(missing)} among {', '.join(names[:8]) or 'no columns'}"
            f"{', …' if len(names) > 8 else ''}."
        )
    for field in schema:
        if not _is_plain(field.type):
            raise ReadError(
                f"expected numbers, text, dates or timestamps; found {field.name} of type "
                f"{field.type}."
            )
    _check_clocks({name: schema.field(name).type for name in CLOCKS if name in names})


def _is_plain(kind: pa.DataType) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return _is_text(kind) or any(
        is_one(kind)
        for is_one in (
            types.is_integer,
            types.is_floating,
            types.is_decimal,
            types.is_boolean,
            types.is_timestamp,
            types.is_date,
            types.is_null,
        )
    )


def _check_clocks(types: dict[str, pa.DataType]) -> None:
    import pyarrow as pa

    zones: dict[str, str] = {}
    for name, found in types.items():
        if pa.types.is_null(found):
            continue
        if not pa.types.is_timestamp(found):
            raise ReadError(
                f"expected a timestamp type for {name}; found {found}, which says neither unit nor "
                "zone. Write the column as timestamps, or describe the files by a mapping."
            )
        zones[name] = found.tz or "none"
    if len(set(zones.values())) > 1:
        listed = ", ".join(f"{name}: {zone}" for name, zone in zones.items())
        raise ReadError(f"expected one zone for all clocks of a file; found {listed}.")


def _row_bytes(schema: pa.Schema) -> int:
    """Bytes of a decoded row; text counts as its dictionary index."""
    from pyarrow import types

    bits = 0
    for field in schema:
        if _is_text(field.type):
            bits += 32
        elif not types.is_null(field.type):
            bits += field.type.bit_width
    return max((bits + 7) // 8, 1)


def _check_row_groups(footer: pq.FileMetaData, schema: pa.Schema, width: int, budget: int) -> None:
    from pyarrow.types import is_dictionary

    if footer.num_rows == 0:
        raise ReadError("expected ticks; found no rows.")
    text = [i for i, one in enumerate(schema) if is_dictionary(one.type) or _is_text(one.type)]
    for i in range(footer.num_row_groups):
        group = footer.row_group(i)
        stored = sum(group.column(j).total_uncompressed_size for j in text)
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
    discover=discover,
    read=read,
)
