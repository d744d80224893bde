"""A delimited text file as frames of text, in bounded memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from tickloom import ReadError, Rejected, SourceOptions
from tickloom_plugins.readers.mapping import Mapping, columns_used
from tickloom_plugins.readers.text_bytes import (
    TextBytes,
    open_text,
    shown,
    shown_frame,
    split_bad_bytes,
)

HEADER_BYTES: Final = 64 * 1024
BLOCK_BYTES: Final = 8 * 2**20

MEMORY_PER_BYTE: Final = 16
"""Memory that a byte of text needs until it is a batch."""

SHOWN_LINES: Final = 1_000
"""Malformed lines that are kept of one block; the others are counted."""

REMEDY: Final = 'Say its encoding in the mapping, such as encoding = "{}".'


class CsvFile:
    """One file. Raises :class:`tickloom.ReadError` where it is no text, or damaged."""

    def __init__(self, path: Path, mapping: Mapping, options: SourceOptions) -> None:
        self._path = path
        self._mapping = mapping
        self._block = max(min(BLOCK_BYTES, options.batch_bytes // MEMORY_PER_BYTE), 1024)
        names, self.skip = self._header()
        """Lines before the rows."""
        self.columns: list[str] = _unique(names)
        """Column names, trimmed; the second ``volume`` is ``volume#2``. None in an empty file."""

    def frames(self) -> Iterator[pl.DataFrame | Rejected]:
        """Frames of text in the file's order, and its malformed lines.

        The columns are :attr:`columns`; fields that are empty are empty texts.
        """
        if not self.columns:
            return
        malformed = MalformedLines(self._path)
        with _damage(), self._open() as text:
            for batch in self._batches(text, malformed):
                yield from malformed.drain()
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                if text.has_bad_bytes:
                    remedy = REMEDY.format("latin-1")
                    frame, bad = split_bad_bytes(frame, self._used, self._path, remedy)
                    yield from [bad] if bad else []
                yield frame
        yield from malformed.drain()

    def _batches(self, text: TextBytes, malformed: MalformedLines) -> Iterator[pa.RecordBatch]:
        try:
            yield from pa_csv.open_csv(
                pa.PythonFile(text, "r"),
                **self.how(self._block, malformed.take),
            )
        except pa.ArrowInvalid as error:
            if not str(error).startswith(("Empty CSV file", "Could not skip initial")):
                raise

    def how(self, block: int, malformed: Callable[[pa_csv.InvalidRow], str]) -> dict[str, Any]:
        """The options of PyArrow's readers: ``block`` bytes at a time; ``malformed`` is asked about
        lines with another number of fields."""
        return {
            "read_options": pa_csv.ReadOptions(
                use_threads=False,  # one worker, one core; and lines are numbered
                block_size=block,
                skip_rows=self.skip,
                column_names=self.columns,
            ),
            "parse_options": pa_csv.ParseOptions(
                delimiter=self._mapping.delimiter,
                quote_char=self._mapping.quote or False,
                invalid_row_handler=malformed,
            ),
            "convert_options": pa_csv.ConvertOptions(
                column_types=dict.fromkeys(self.columns, pa.string()),
                strings_can_be_null=False,
            ),
        }

    @property
    def _used(self) -> set[str]:
        """The columns in which a byte that is no text makes a row unusable."""
        named = columns_used(self._mapping).keys()
        return set(self.columns) if self._mapping.same_names else {*named}

    def _open(self) -> AbstractContextManager[TextBytes]:
        return open_text(
            self._path,
            encoding=self._mapping.encoding,
            compression=self._mapping.compression,
            remedy=REMEDY.format("utf-16"),
        )

    def _header(self) -> tuple[list[str], int]:
        """The columns' names, and how many lines precede the rows."""
        mapping = self._mapping
        if mapping.header:
            return list(mapping.header), mapping.skip_lines
        with _damage(), self._open() as text:
            start = text.read(HEADER_BYTES)
            while len(start) < HEADER_BYTES and (more := text.read(HEADER_BYTES - len(start))):
                start += more
        lines = io.StringIO(start.decode("utf-8", errors="ignore"), newline="")
        for _ in range(mapping.skip_lines):
            lines.readline()
        reader = (
            csv.reader(lines, delimiter=mapping.delimiter, quotechar=mapping.quote)
            if mapping.quote
            else csv.reader(lines, delimiter=mapping.delimiter, quoting=csv.QUOTE_NONE)
        )
        names = next((line for line in reader if line), [])
        return [shown(name) for name in names], mapping.skip_lines + reader.line_num


class MalformedLines:
    """Lines with another number of fields than the header has."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[pa_csv.InvalidRow] = []
        self._more = 0

    def take(self, row: pa_csv.InvalidRow) -> str:
        """Keep the row in mind, and have it skipped."""
        if len(self._rows) < SHOWN_LINES:
            self._rows.append(row)
        else:
            self._more += 1
        return "skip"

    def drain(self) -> Iterator[Rejected]:
        """What was taken since the last time."""
        if not self._rows:
            return
        first = self._rows[0]
        yield Rejected(
            path=self._path,
            reason=f"expected {first.expected_columns} fields a line; found {first.actual_columns} "
            f"in {shown(first.text[:200])!r}",
            rows=len(self._rows),
            frame=shown_frame(pl.DataFrame({"line": [row.text for row in self._rows]})),
        )
        if self._more:
            yield Rejected(
                path=self._path,
                reason=f"expected {first.expected_columns} fields a line; found many other lines",
                rows=self._more,
            )
        self._rows, self._more = [], 0


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    unique: dict[str, None] = {}
    for name in map(str.strip, names):
        seen[name] = seen.get(name, 0) + 1
        numbered = name if seen[name] == 1 else f"{name}#{seen[name]}"
        while numbered in unique:  # a column may be called volume#2 in the file
            seen[name] += 1
            numbered = f"{name}#{seen[name]}"
        unique[numbered] = None
    return list(unique)


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ReadError(f"expected a file that can be opened; found {error}.") from error
    except (pa.ArrowException, OSError) as error:
        found = shown(" ".join(str(error).split()).rstrip("."))
        raise ReadError(f"expected readable text; found damage: {found}.") from error
