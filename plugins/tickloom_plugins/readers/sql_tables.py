"""The tables of a dump as batches of one contract each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from tickloom import RAW_COLUMNS, Ignored, RawBatch, RawRows, ReadError, Rejected, SourceOptions
from tickloom_plugins.readers.csv_file import MalformedLines
from tickloom_plugins.readers.mapping import ANY_EPOCH, STATED, Clock, Mapping, Source
from tickloom_plugins.readers.sql_dump import (
    CreatedTable,
    SessionZone,
    SqlColumn,
    SqlDump,
    SqlRows,
    Unreadable,
)
from tickloom_plugins.readers.text_bytes import TextBytes, open_text, split_bad_bytes
from tickloom_plugins.readers.text_rows import ZONE, TextRows

REMEDY: Final = "Dump again with mysqldump --result-file=FILE: a shell's > may write UTF-16."
"""What to do about a dump in UTF-16."""

OPTION_TABLE: Final = re.compile(
    r"\w.*\d(?:CE|PE)(?:\.[A-Z]+)?|.*\d\d[CP]\d+(?:\.\d+)?|OPT(?:IDX|STK).+", re.IGNORECASE
)
"""Names that an exchange or a vendor gives to options; any other table is another instrument's."""

BATCH_BYTES: Final = 8 * 2**20
"""Rows are parsed together up to this much CSV: a parse of 52 columns costs 5 ms by itself."""

MEMORY_PER_BYTE: Final = 16
"""Memory that a byte of CSV needs until it is a batch."""

_TYPES: Final = {column.name: column.type for column in RAW_COLUMNS}
_CLOCKS: Final = frozenset(name for name, kind in _TYPES.items() if kind == "datetime")
_RAW: Final = {name.lower(): name for name in _TYPES}
"""MySQL's column names know no case."""

_TEXT: Final = pa.string()
_ARROW: Final = {"float64": pa.float64(), "float32": pa.float64()} | dict.fromkeys(
    ("int64", "int16"), pa.int64()
)
_TABLE: Final = "table"
_NULLS: Final = ("NULL", "null", "Null")
_WHOLE: Final = frozenset({"int", "bigint", "integer", "smallint", "mediumint", "tinyint", "year"})
_COUNTS: Final = _WHOLE | {"decimal", "numeric", "double", "float"}
_ZONES: Final = {"+00:00": "UTC", "-00:00": "UTC", "utc": "UTC", "+05:30": ZONE}


def read_dump(
    path: Path, options: SourceOptions
) -> Iterator[RawBatch | RawRows | Rejected | Ignored]:
    """Batches of the option tables of the dump in ``path``; nothing of a dump without rows.

    Raises :class:`tickloom.ReadError` where it is no dump, and :class:`OSError`.
    """
    with open_text(path, remedy=REMEDY) as text:
        dump = SqlDump(text)
        tables = _Tables(path, options, text)
        for event in dump.events():
            if isinstance(event, SqlRows):
                yield from tables.rows(event)
            elif isinstance(event, CreatedTable):
                yield from tables.created(event)
            elif isinstance(event, SessionZone):
                yield from tables.flush()
                tables.zone = event.zone
            else:
                yield from tables.unreadable(event)
        yield from tables.flush()
        for table in tables.others:
            yield Ignored(path=path, what=f"table {table}")
        if dump.other and not tables.seen:
            found = dump.other.decode(errors="replace")
            raise ReadError(f"expected CREATE TABLE and INSERT INTO; found {found!r}.")


class _Tables:
    """What is known of a dump's tables, and the rows that wait to be parsed together."""

    def __init__(self, path: Path, options: SourceOptions, text: TextBytes) -> None:
        self.seen = False
        """Whether there was any table."""
        self.zone = ""
        """The session's zone, as the dump states it."""
        self.others: dict[str, None] = {}
        """Tables of other instruments that have rows, in their order."""
        self._path = path
        self._options = options
        self._text = text
        self._limit = min(BATCH_BYTES, options.batch_bytes // MEMORY_PER_BYTE)
        self._created: dict[str, tuple[SqlColumn, ...]] = {}
        self._waiting: list[SqlRows] = []
        self._size = 0

    def created(self, table: CreatedTable) -> Iterator[RawBatch | RawRows | Rejected]:
        yield from self.flush()
        self.seen = True
        self._created = {table.table: table.columns}  # its rows follow; the others' came

    def rows(self, rows: SqlRows) -> Iterator[RawBatch | RawRows | Rejected]:
        self.seen = True
        if not OPTION_TABLE.fullmatch(rows.table):
            self.others[rows.table] = None
            return
        if self._waiting and (rows.table, rows.columns) != self._next():
            yield from self.flush()
        self._waiting.append(rows)
        self._size += len(rows.csv)
        if self._size >= self._limit:
            yield from self.flush()

    def unreadable(self, what: Unreadable) -> Iterator[RawBatch | RawRows | Rejected]:
        yield from self.flush()
        self.seen = True
        if not what.table or OPTION_TABLE.fullmatch(what.table):
            reason = f"table {what.table}: {what.reason}" if what.table else what.reason
            yield Rejected(path=self._path, reason=reason, rows=0)

    def flush(self) -> Iterator[RawBatch | RawRows | Rejected]:
        """Parse the rows that wait."""
        if not self._waiting:
            return
        table, _ = self._next()
        csv = b"".join(rows.csv for rows in self._waiting)
        count = sum(rows.rows for rows in self._waiting)
        try:
            columns = self._columns()
            malformed = MalformedLines(self._path)
            frame = _parse(csv, [column.name for column in columns], malformed)
            frame, bad = self._without_bad_bytes(frame, columns, table)
            mapping = _mapping(columns, frame, self.zone)
            typed = TextRows(mapping, frame.columns, self._path, {_TABLE: table})
            parts = list(typed.batches(frame, self._options))
        except ReadError as error:
            yield Rejected(path=self._path, reason=f"table {table}: {error}", rows=count)
        else:
            yield from malformed.drain()
            yield from bad
            yield from parts
        self._waiting, self._size = [], 0

    def _without_bad_bytes(
        self, frame: pl.DataFrame, columns: Sequence[SqlColumn], table: str
    ) -> tuple[pl.DataFrame, list[Rejected]]:
        if not self._text.has_bad_bytes:
            return frame, []
        used = [column.name for column in columns if not column.numbering]
        frame, bad = split_bad_bytes(frame, used, self._path, "Dump again in UTF-8.")
        return frame, [replace(bad, reason=f"table {table}: {bad.reason}")] if bad else []

    def _next(self) -> tuple[str, tuple[str, ...] | None]:
        return self._waiting[0].table, self._waiting[0].columns

    def _columns(self) -> list[SqlColumn]:
        """The waiting rows' columns, by the statement or by ``CREATE TABLE``; raises ReadError."""
        table, named = self._next()
        known = {column.name.lower(): column for column in self._created.get(table, ())}
        if named is None and not known:
            raise ReadError("expected CREATE TABLE or a list of columns; found neither.")
        listed = [known.get(name.lower(), SqlColumn(name, "")) for name in named or known]
        names = [_RAW.get(column.name.lower(), column.name) for column in listed]
        if len(set(names)) < len(names):
            raise ReadError(f"expected each column once; found {', '.join(names)}.")
        return [
            SqlColumn(name, column.type, column.numbering)
            for name, column in zip(names, listed, strict=True)
        ]


def _parse(csv: bytes, names: list[str], malformed: MalformedLines) -> pl.DataFrame:
    """The rows with numbers as such where all of them are; else as text, which tells the bad ones.

    Typed at once, 52 columns take half the time that they take by way of text.
    """
    try:
        return _typed(csv, {name: _ARROW.get(_TYPES.get(name, ""), _TEXT) for name in names}, None)
    except pa.ArrowException:
        pass
    try:
        return _typed(csv, dict.fromkeys(names, _TEXT), malformed)
    except pa.ArrowException as error:
        raise ReadError(f"expected rows of {len(names)} literals; found {error}.") from error


def _typed(
    csv: bytes, types: dict[str, pa.DataType], malformed: MalformedLines | None
) -> pl.DataFrame:
    table = pa_csv.read_csv(
        pa.BufferReader(csv),
        read_options=pa_csv.ReadOptions(
            use_threads=False, column_names=list(types), block_size=len(csv) + 1
        ),
        parse_options=pa_csv.ParseOptions(
            quote_char="'",
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=malformed.take if malformed else None,
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=types,
            null_values=_NULLS,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _mapping(columns: list[SqlColumn], frame: pl.DataFrame, zone: str) -> Mapping:
    """What the columns mean: the store's by their names, others by their types as extra ones."""
    named = {column.name: column for column in columns if not column.numbering}
    clocks = {
        name: _clock(column, frame[name], zone)
        for name, column in named.items()
        if _TYPES.get(name) == "datetime"
    }
    if "timestamp" not in clocks:
        raise ReadError(f"expected a column timestamp; found {', '.join(named)}.")
    return Mapping(
        clock=clocks.pop("timestamp"),
        clocks=clocks,
        symbol=f"{{{_TABLE}}}",
        columns={name: name for name in named if name in _TYPES and name not in _CLOCKS},
        extra={name: _extra(column) for name, column in named.items() if name not in _TYPES},
        nulls=(),
        trim=False,
    )


def _clock(column: SqlColumn, stamps: pl.Series, zone: str) -> Clock:
    """How a column's stamps are written, by its type, or by themselves where it is text.

    Raises :class:`tickloom.ReadError` where their zone is not known or they have several.
    """
    on = (column.name,)
    if column.type == "datetime":
        return Clock(zone=ZONE, columns=on)
    if column.type == "timestamp":
        if zone.lower() not in _ZONES:
            raise ReadError(
                f"expected SET TIME_ZONE to +00:00 or +05:30 before {column.name}, which is a "
                f"TIMESTAMP; found {zone or 'none'}. Dump with --tz-utc."
            )
        return Clock(zone=_ZONES[zone.lower()], columns=on)
    written = "count" if column.type in _COUNTS else _one_form(column.name, stamps)
    if written == "count":
        return Clock(zone="UTC", columns=on, unit=ANY_EPOCH)
    return Clock(zone=STATED if written == "offset" else ZONE, columns=on)


def _one_form(name: str, stamps: pl.Series) -> str:
    known = stamps.drop_nulls()
    forms: dict[str, pl.Series] = {
        "count": known.str.contains(r"^\d{9,}(\.\d+)?$"),
        "offset": known.str.contains(r"\d:\d\d(:\d\d(\.\d+)?)?\s*([Zz]|[+-]\d\d:?\d\d)$"),
        "plain": known.str.contains(r"\d:\d\d(:\d\d(\.\d+)?)?$")
        & ~known.str.contains(r"[+-]\d\d:\d\d$"),
    }
    found = [form for form, has in forms.items() if has.any()]
    if len(found) > 1:
        examples = " and ".join(repr(known.filter(forms[form])[0]) for form in found)
        raise ReadError(f"expected stamps of one zone in {name}; found {examples}.")
    return found[0] if found else "plain"


def _extra(column: SqlColumn) -> Source:
    if column.type in _WHOLE:
        return Source(column.name, type="int64")
    return Source(column.name, type="float64" if column.type in _COUNTS else "text")
