"""A delimited text file as frames of text, in bounded memory."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from tickloom import ReadError, Rejected, SourceOptions
from tickloom_plugins.readers.mapping import Mapping

HEADER_BYTES: Final = 64 * 1024
BLOCK_BYTES: Final = 8 * 2**20

MEMORY_PER_BYTE: Final = 16
"""Memory that a byte of text needs until it is a batch."""

SHOWN_LINES: Final = 1_000
"""Malformed lines that are kept of one block; the others are counted."""


class CsvFile:
    """One file. Raises :class:`tickloom.ReadError` where it has no header or is damaged."""

    def __init__(self, path: Path, mapping: Mapping, options: SourceOptions) -> None:
        self._path = path
        self._mapping = mapping
        self._block = max(min(BLOCK_BYTES, options.batch_bytes // MEMORY_PER_BYTE), 1024)
        names, self._skip = self._header()
        self.columns: list[str] = _unique(names)
        """Column names, trimmed; the second ``volume`` is ``volume#2``."""

    def frames(self) -> Iterator[pl.DataFrame | Rejected]:
        """Frames of text in the file's order, and its malformed lines.

        The columns are :attr:`columns`; fields that are empty are empty texts.
        """
        malformed = MalformedLines(self._path)
        with _damage(), self._open() as stream:
            reader = pa_csv.open_csv(
                stream,
                read_options=pa_csv.ReadOptions(
                    use_threads=False,  # one worker, one core; and lines are numbered
                    block_size=self._block,
                    skip_rows=self._skip,
                    column_names=self.columns,
                    encoding=self._mapping.encoding,
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self._mapping.delimiter,
                    quote_char=self._mapping.quote or False,
                    invalid_row_handler=malformed.take,
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(self.columns, pa.string()),
                    strings_can_be_null=False,
                ),
            )
            for batch in reader:
                yield from malformed.drain()
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                yield frame
        yield from malformed.drain()

    @contextmanager
    def _open(self) -> Iterator[Any]:
        how = self._mapping.compression
        if how == "zip" or (how == "detect" and self._path.suffix.lower() == ".zip"):
            with _only_member(self._path) as member, pa.PythonFile(member, "r") as stream:
                yield stream
            return
        with pa.input_stream(str(self._path), compression=None if how == "none" else how) as stream:
            yield stream

    def _header(self) -> tuple[list[str], int]:
        """The columns' names, and how many lines precede the rows."""
        mapping = self._mapping
        if mapping.header:
            return list(mapping.header), mapping.skip_lines
        with _damage(), self._open() as stream:
            start = stream.read(HEADER_BYTES)
        encoding = "utf-8-sig" if mapping.encoding == "utf-8" else mapping.encoding
        try:
            lines = io.StringIO(start.decode(encoding, errors="ignore"), newline="")
        except LookupError as error:
            raise ReadError(f"expected a known encoding in the mapping; found {error}.") from error
        for _ in range(mapping.skip_lines):
            lines.readline()
        reader = (
            csv.reader(lines, delimiter=mapping.delimiter, quotechar=mapping.quote)
            if mapping.quote
            else csv.reader(lines, delimiter=mapping.delimiter, quoting=csv.QUOTE_NONE)
        )
        names = next((line for line in reader if line), None)
        if names is None:
            raise ReadError("expected a header line; found an empty file.")
        return names, mapping.skip_lines + reader.line_num


@contextmanager
def _only_member(path: Path) -> Iterator[IO[bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1:
                raise ReadError(f"expected one file in the zip; found {len(members)}. Unpack it.")
            with archive.open(members[0]) as member:
                yield member
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ReadError(f"expected a readable zip; found damage: {error}.") from error


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
            f"in {first.text[:200]!r}",
            rows=len(self._rows),
            frame=pl.DataFrame({"line": [row.text for row in self._rows]}),
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
    unique = []
    for name in names:
        name = name.strip()
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return unique


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ReadError(f"expected a file that can be opened; found {error}.") from error
    except (pa.ArrowException, OSError) as error:
        found = " ".join(str(error).split()).rstrip(".")
        if "Empty CSV file" in found or "Could not skip initial" in found:
            raise ReadError("expected rows below the header; found none.") from error
        raise ReadError(f"expected readable text; found damage: {found}.") from error
