"""A MySQL dump as a stream of tables and rows, in constant memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tickloom import ReadError
from tickloom_plugins.readers.sql_rows import cut_rows
from tickloom_plugins.readers.text_bytes import Readable

CHUNK: Final = 4 * 2**20
"""Bytes read at once."""

LOOK_AHEAD: Final = 2**20
"""The longest statement that is read as one: everything but lists of values."""

FIRST_WINDOW: Final = 4 * 2**10
"""Bytes of a statement that are searched first for its end; four times more each time after."""

_NAME: Final = rb'(?:`(?:[^`]|``)+`|"[^"]+"|[\w$]+)'
_QUALIFIED: Final = rb"(?:" + _NAME + rb"\s*\.\s*)?(" + _NAME + rb")"
_BLANK: Final = re.compile(
    rb"(?:[\s;]+|\xef\xbb\xbf|/\*.*?\*/|--(?=\s)[^\n]*(?:\n|\Z)|--\Z|\#[^\n]*(?:\n|\Z))", re.DOTALL
)
_INTO: Final = (
    rb"(?:INSERT|REPLACE)\s+(?:(?:LOW_PRIORITY|HIGH_PRIORITY|DELAYED|IGNORE)\s+)*(?:INTO\s+)?"
    + _QUALIFIED
)
_HEAD: Final = re.compile(_INTO + rb"\s*(\((?:`[^`]*`|[^`)])*\))?\s*VALUES?\b\s*", re.IGNORECASE)
_OTHER_INSERT: Final = re.compile(_INTO, re.IGNORECASE)
_CREATE: Final = re.compile(
    rb"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?" + _QUALIFIED + rb"\s*\((.*)\)",
    re.IGNORECASE | re.DOTALL,
)
_COLUMN: Final = re.compile(rb"\s*(" + _NAME + rb")\s+(\w+)(.*)", re.DOTALL)
_NO_COLUMN: Final = re.compile(
    rb"\s*(?:PRIMARY|UNIQUE|KEY|INDEX|CONSTRAINT|FOREIGN|CHECK|FULLTEXT|SPATIAL)\b", re.IGNORECASE
)
_ZONE: Final = re.compile(
    rb"SET\s+(?:SESSION\s+|GLOBAL\s+|@@session\.|@@global\.)?TIME_ZONE\s*:?=\s*['\"]([^'\"]*)",
    re.IGNORECASE,
)
_KNOWN: Final = re.compile(
    rb"(?:SET|USE|DROP|LOCK|UNLOCK|ALTER|CREATE|START|BEGIN|COMMIT|DELETE|TRUNCATE|FLUSH|ANALYZE)\b",
    re.IGNORECASE,
)
"""Statements of dumps that hold no rows."""
_PANDAS_INDEX: Final = re.compile(r"index|level_\d+")
_DELIMITER: Final = re.compile(rb"DELIMITER[ \t]+(\S+)", re.IGNORECASE)
_PIECE: Final = re.compile(
    rb"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`[^`]*`|/\*.*?\*/|--\s[^\n]*\n|\#[^\n]*\n"
    rb"|[^'\"`/\-#;]+|[/\-](?![*\-])|--(?!\s)|(?P<end>;)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class SqlColumn:
    """A column of a table."""

    name: str
    """Its name."""

    type: str
    """Its type's first word, lower case; empty where the dump does not say it."""

    numbering: bool = False
    """Whether it only numbers the rows: by the database, or by the pandas that wrote them."""


@dataclass(frozen=True, slots=True)
class CreatedTable:
    """``CREATE TABLE``."""

    table: str
    """Its name."""

    columns: tuple[SqlColumn, ...]
    """Its columns, in order."""


@dataclass(frozen=True, slots=True)
class SessionZone:
    """``SET TIME_ZONE``: the zone that TIMESTAMP columns are written in."""

    zone: str
    """As the dump writes it, e.g. ``+00:00``."""


@dataclass(frozen=True, slots=True)
class SqlRows:
    """Some rows of a table."""

    table: str
    """Its name."""

    columns: tuple[str, ...] | None
    """The columns that the statement names."""

    csv: bytes
    """The rows as CSV: a line each, strings in single quotes that are doubled within."""

    rows: int
    """Number of rows."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that holds rows, perhaps, but not in a way that can be read."""

    table: str
    """The table, where it is known."""

    reason: str
    """What was expected and what was found."""


Event = CreatedTable | SessionZone | SqlRows | Unreadable


class SqlDump:
    """The statements of a dump that matter to a reader of ticks."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._data = b""
        self._at = 0
        self._ended = False
        self._damage = ""
        self.other = b""
        """The start of the first statement that is nothing to a reader of ticks."""

    def events(self) -> Iterator[Event]:
        """What the dump holds, in its order. A stream that breaks off ends in Unreadable."""
        while self._fill(LOOK_AHEAD):
            if blank := _BLANK.match(self._data, self._at):
                if zone := _ZONE.search(blank.group()):
                    yield SessionZone(zone[1].decode())
                self._at = blank.end()
            elif head := _HEAD.match(self._data, self._at):
                self._at = head.end()
                columns = _names(head[2][1:-1]) if head[2] else None
                yield from self._values(head.group(), _plain(head[1]), columns)
            elif delimiter := _DELIMITER.match(self._data, self._at):
                self._skip_past(b"\nDELIMITER ;" if delimiter[1] != b";" else delimiter.group())
            else:
                yield from self._statement()
        if self._damage:
            yield Unreadable("", f"expected the rest of the dump; found damage: {self._damage}")

    def _values(
        self, head: bytes, table: str, columns: tuple[str, ...] | None
    ) -> Iterator[SqlRows | Unreadable]:
        window = FIRST_WINDOW
        while True:
            whole = not self._fill(window) or len(self._data) - self._at <= window
            try:
                cut = cut_rows(self._data[self._at : self._at + window], head)
            except ReadError as error:
                yield Unreadable(table, str(error))
                self._skip_statement()
                return
            if cut.rows:
                yield SqlRows(table, columns, cut.csv, cut.rows)
            self._at += cut.used
            if cut.finished:
                return
            if self._ended and whole:
                # A last statement may lack its semicolon, but nothing may follow its rows.
                rest = self._data[self._at :]
                if rest.strip():
                    yield Unreadable(
                        table, f"expected a whole row; found the end in {rest[:200]!r}"
                    )
                self._at = len(self._data)
                return
            window = min(window * 4, CHUNK) if cut.rows else window * 4
            if window > CHUNK * 64:
                raise ReadError(f"expected rows of table {table}; found none in {window:,} bytes.")

    def _statement(self) -> Iterator[Event]:
        """Any other statement: read whole, or skipped where it is longer than any that matters."""
        start = self._data[self._at : self._at + LOOK_AHEAD]
        end = self._skip_statement()
        text = start[:end] if end is not None else start
        if zone := _ZONE.match(text):
            yield SessionZone(zone[1].decode())
        elif table := _CREATE.match(text):
            name = _plain(table[1])
            yield CreatedTable(name, _columns(name, table[2]))
        elif other := _OTHER_INSERT.match(text):
            found = text[:200].decode(errors="replace")
            yield Unreadable(_plain(other[1]), f"expected VALUES (…), (…); found {found!r}")
        elif not _KNOWN.match(text):
            self.other = self.other or text[:60]

    def _skip_statement(self) -> int | None:
        """Go past the statement's semicolon; its length where it lies within the look-ahead."""
        passed = 0
        while self._fill(LOOK_AHEAD):
            at = self._at
            while piece := _PIECE.match(self._data, at):
                at = piece.end()
                if piece.lastgroup == "end":
                    length = passed + at - self._at
                    self._at = at
                    return length if length <= LOOK_AHEAD else None
            if at == self._at and (self._ended or len(self._data) - at >= 64 * CHUNK):
                at = len(self._data)
            elif at == self._at:
                self._fill(2 * (len(self._data) - at))
            passed += at - self._at
            self._at = at
        return passed if passed <= LOOK_AHEAD else None

    def _skip_past(self, mark: bytes) -> None:
        while self._fill(LOOK_AHEAD):
            found = self._data.find(mark, self._at)
            if found >= 0:
                self._at = found + len(mark)
                return
            self._at = len(self._data) if self._ended else len(self._data) - len(mark)

    def _fill(self, wanted: int) -> bool:
        """Have ``wanted`` bytes at hand, or all there are; False where there is none."""
        while not self._ended and len(self._data) - self._at < wanted:
            try:
                chunk = self._stream.read(max(CHUNK, wanted))
            except OSError as error:
                self._damage, chunk = str(error), b""
            self._ended = not chunk
            self._data = self._data[self._at :] + chunk
            self._at = 0
        return self._at < len(self._data)


def _plain(name: bytes) -> str:
    text = name.decode("utf-8", errors="replace")
    return text[1:-1].replace("``", "`") if text[0] in '`"' else text


def _names(listed: bytes) -> tuple[str, ...]:
    return tuple(_plain(name) for name in re.findall(_NAME, listed))


def _columns(table: str, body: bytes) -> tuple[SqlColumn, ...]:
    columns = []
    for part in _top_level(body):
        column = None if _NO_COLUMN.match(part) else _COLUMN.match(part)
        if column:
            kind = column[2].decode(errors="replace").lower()
            name = _plain(column[1])
            numbering = b"AUTO_INCREMENT" in column[3].upper() or _is_row_label(table, name, body)
            columns.append(SqlColumn(name, kind, numbering))
    return tuple(columns)


def _is_row_label(table: str, column: str, body: bytes) -> bool:
    """Did pandas' ``to_sql`` make the column of a frame's row labels? It has an index called
    ``ix_TABLE_COLUMN`` then."""
    key = f"`ix_{table}_{column}`".encode()
    return _PANDAS_INDEX.fullmatch(column) is not None and key in body


def _top_level(body: bytes) -> Iterator[bytes]:
    """The parts between commas that are in no brackets, strings or quoted names."""
    depth = start = 0
    for piece in re.finditer(rb"'(?:[^'\\]|\\.|'')*'|`[^`]*`|\"[^\"]*\"|[(),]", body):
        mark = piece.group()
        depth += (mark == b"(") - (mark == b")")
        if mark == b"," and depth == 0:
            yield body[start : piece.start()]
            start = piece.end()
    yield body[start:]
