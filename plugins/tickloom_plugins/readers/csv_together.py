"""Small files of one layout, read as one: a file of a few hundred rows costs more than they do.

Only what is plain goes together. A file that is packed, damaged, not in ASCII or laid out in
another way, and one with a line that is no tick, is left to be read alone: there is one judgement
of those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from tickloom import RawRows, ReadError, SourceOptions, Unit
from tickloom_plugins.readers.csv_file import MEMORY_PER_BYTE, CsvFile
from tickloom_plugins.readers.file_kinds import START_BYTES, compression_of, kind_of
from tickloom_plugins.readers.lookup import load_table
from tickloom_plugins.readers.mapping import (
    FILE_COLUMN,
    Mapping,
    instruments,
    own_columns,
    sources,
)
from tickloom_plugins.readers.text_bytes import BOM
from tickloom_plugins.readers.text_rows import ROWS_OF_ONE, TextRows

SMALL_BYTES: Final = 256 * 1024
"""Of larger files the rows cost more than the file."""

TOGETHER_BYTES: Final = 2 * 2**20
"""Text that goes together: some 30,000 lines."""

_UTF8: Final = {"utf-8", "utf8", "utf-8-sig", "ascii"}
"""Encodings, as mappings name them, that are read as UTF-8."""


class _File(NamedTuple):
    """A file that may go with others."""

    place: int
    """Where its unit is among those asked for."""

    unit: Unit
    """Its unit."""

    text: bytes
    """What is in it."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """What files have in common."""

    csv: CsvFile
    """The first one, for its columns and options."""

    head: bytes
    """The lines before the rows; empty where the mapping names the columns."""

    tables: tuple[Path, ...]
    """Look-up tables."""

    def fits(self, file: _File) -> bool:
        """Whether the file is laid out so."""
        return file.text.startswith(self.head) and file.unit.paths[1:] == self.tables


def read_together(
    units: Sequence[Unit], mapping: Mapping, options: SourceOptions
) -> Iterator[tuple[int, list[RawRows]]]:
    """The plain files among ``units``: the place of each, and all its rows."""
    if mapping.instrument != "option" or mapping.encoding.lower() not in _UTF8:
        return
    sides = instruments(mapping)
    if any(source.cumulate for one in sides for source in sources(one).values()):
        return  # sums begin anew in each file
    most = min(TOGETHER_BYTES, options.batch_bytes // MEMORY_PER_BYTE)
    layout: _Layout | None = None
    files: list[_File] = []
    for place, unit in enumerate(units):
        text = _plain(unit.paths[0], mapping)
        if text is None:
            continue
        file = _File(place, unit, text)
        if files and (not layout or not layout.fits(file) or _size(files) + len(text) > most):
            yield from _rows(files, layout, mapping, options)
            files = []
        if layout is None or not layout.fits(file):
            layout = _layout(file, mapping, options)
        files += [file] if layout else []
    yield from _rows(files, layout, mapping, options)


def _size(files: Sequence[_File]) -> int:
    return sum(len(file.text) for file in files)


def _plain(path: Path, mapping: Mapping) -> bytes | None:
    """The file's text, if there is nothing else about it."""
    if mapping.compression not in ("detect", "none"):
        return None
    try:
        if path.stat().st_size > SMALL_BYTES:
            return None
        text = path.read_bytes().removeprefix(BOM)
    except OSError:
        return None
    start = text[:START_BYTES]
    odd = not text.isascii() or b"\0" in text or compression_of(start) or kind_of(start)
    return None if odd else text


def _layout(file: _File, mapping: Mapping, options: SourceOptions) -> _Layout | None:
    path, *tables = file.unit.paths
    try:
        csv = CsvFile(path, mapping, options)
    except ReadError:
        return None
    lines = file.text.split(b"\n", csv.skip)
    if not csv.columns or len(lines) <= csv.skip:
        return None
    head = b"" if mapping.header else b"\n".join([*lines[: csv.skip], b""])
    return _Layout(csv, head, tuple(tables))


def _rows(
    files: Sequence[_File], layout: _Layout | None, mapping: Mapping, options: SourceOptions
) -> Iterator[tuple[int, list[RawRows]]]:
    """The rows of files that can be parsed."""
    parsed = [(file, table) for file in files if layout and (table := _parsed(file, layout.csv))]
    if layout is not None and len(parsed) > 1:
        yield from _taken(parsed, layout, mapping, options)


def _parsed(file: _File, csv: CsvFile) -> pa.Table | None:
    """The file's fields, text; None where a line has too few or too many, or there is none."""
    malformed: list[Any] = []

    def take(row: pa_csv.InvalidRow) -> str:
        malformed.append(row)
        return "skip"

    try:
        table = pa_csv.read_csv(pa.BufferReader(file.text), **csv.how(SMALL_BYTES + 1, take))
    except pa.ArrowInvalid:
        return None
    return None if malformed or not table.num_rows else table


def _taken(
    parsed: Sequence[tuple[_File, pa.Table]],
    layout: _Layout,
    mapping: Mapping,
    options: SourceOptions,
) -> Iterator[tuple[int, list[RawRows]]]:
    """The rows of all; where one has a line that is no tick, of either half for itself."""
    if len(parsed) < 2:
        return
    rows = pl.from_arrow(pa.concat_tables(table for _, table in parsed))
    assert isinstance(rows, pl.DataFrame)
    ends = np.cumsum([table.num_rows for _, table in parsed])
    sides = _sides(rows, parsed, ends, layout, mapping, options)
    if sides is None:
        half = len(parsed) // 2
        yield from _taken(parsed[:half], layout, mapping, options)
        yield from _taken(parsed[half:], layout, mapping, options)
        return
    cuts = [np.searchsorted(places, [0, *ends]).tolist() for _, places in sides]
    for number, (file, _) in enumerate(parsed):
        parts = [
            RawRows(
                frame=side.frame[cut[number] : cut[number + 1]],
                symbols=side.symbols[cut[number] : cut[number + 1]],
                dialect=side.dialect,
            )
            for (side, _), cut in zip(sides, cuts, strict=True)
            if cut[number] < cut[number + 1]
        ]
        if parts and all(_is_of_many(part, options) for part in parts):
            yield file.place, parts


def _is_of_many(part: RawRows, options: SourceOptions) -> bool:
    """Whether :meth:`TextRows.batches` would make the rows one part."""
    contracts, rows = part.symbols.n_unique(), len(part.symbols)
    return contracts > 1 and rows < ROWS_OF_ONE * contracts and rows <= options.batch_rows


def _sides(
    rows: pl.DataFrame,
    parsed: Sequence[tuple[_File, pa.Table]],
    ends: np.ndarray[Any, Any],
    layout: _Layout,
    mapping: Mapping,
    options: SourceOptions,
) -> list[tuple[RawRows, np.ndarray[Any, Any]]] | None:
    """For each contract of a line its rows and their places among ``rows``; None where one is no
    tick."""
    path, columns = parsed[0][0].unit.paths[0], layout.csv.columns
    counts = np.diff(ends, prepend=0)
    names = pl.Series(FILE_COLUMN, [file.unit.name for file, _ in parsed], pl.String)
    named = names.gather(np.repeat(np.arange(len(parsed)), counts))
    found = []
    try:
        table = load_table(layout.tables, mapping, columns, options)
        for one, own in zip(instruments(mapping), own_columns(mapping), strict=True):
            side = TextRows(one, columns, path, {FILE_COLUMN: named}, table, own).together(rows)
            if side is None:
                return None
            found.append(side)
    except ReadError:
        return None
    return found
