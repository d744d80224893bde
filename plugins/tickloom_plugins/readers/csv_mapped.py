"""Reader ``csv``: any vendor's delimited text, told by a mapping file what it means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tickloom import (
    Ignored,
    RawBatch,
    RawRows,
    ReadError,
    ReaderSpec,
    Rejected,
    SourceOptions,
    Unit,
    UsageError,
)

if TYPE_CHECKING:
    import polars as pl

    from tickloom_plugins.readers.mapping import Mapping


def discover(source: Path, options: SourceOptions) -> Iterable[Unit]:
    """The files that the mapping names, below ``source``; none without a mapping.

    Look-up tables belong to each unit: a new token is read into old files. Raises
    :class:`tickloom.UsageError` for a mapping that cannot be meant.
    """
    if options.mapping is None:
        return
    from tickloom_plugins.readers.mapping import load_mapping

    mapping = load_mapping(options.mapping)
    folder = source.parent if source.is_file() else source
    tables = _tables(mapping, folder)
    for path in _matching(folder, mapping.files):
        if path in tables or (source.is_file() and path != source):
            continue
        name = path.relative_to(folder).as_posix()
        yield Unit(paths=(path, *tables), name=name)


def read(unit: Unit, options: SourceOptions) -> Iterator[RawBatch | RawRows | Rejected | Ignored]:
    """The file's rows by contract, in its order; nothing of an empty file, and of one whose rows
    the mapping leaves out only that it is another instrument's. Rows that are no ticks are rejected
    with their text; :class:`tickloom.ReadError` is raised where the file is not what the mapping
    says, after the rows that it did not deliver are rejected, so that they are counted."""
    from tickloom_plugins.readers.csv_file import CsvFile
    from tickloom_plugins.readers.lookup import load_table
    from tickloom_plugins.readers.mapping import (
        FILE_COLUMN,
        instruments,
        load_mapping,
        own_columns,
    )
    from tickloom_plugins.readers.text_rows import TextRows

    path, *tables = unit.paths
    if options.mapping is None:
        raise UsageError("the reader csv needs a mapping file; say --mapping FILE")
    mapping = load_mapping(options.mapping)
    file = CsvFile(path, mapping, options)
    frames = file.frames()
    if not file.columns:
        return
    waiting = seen = used = 0
    try:
        table = load_table(tables, mapping, file.columns, options)
        said: dict[str, str | pl.Series] = {FILE_COLUMN: unit.name}
        sides = [
            TextRows(one, file.columns, path, said, table, own)
            for one, own in zip(instruments(mapping), own_columns(mapping), strict=True)
        ]
        for part in frames:
            seen += _rows(part)
            waiting = 0 if isinstance(part, Rejected) else len(part)
            if isinstance(part, Rejected):
                used += part.rows
                yield part
                continue
            for side in sides:
                for one in side.batches(part, options):
                    used += _rows(one)
                    yield one
            waiting = 0
        if seen and not used:
            yield Ignored(path=path, what="rows that the mapping does not keep")
    except ReadError as error:
        rest = waiting + _count(frames)
        if rest:
            yield Rejected(path=path, reason=str(error), rows=rest)
        raise


def read_together(
    units: Sequence[Unit], options: SourceOptions
) -> Iterator[tuple[int, Sequence[RawRows]]]:
    """The small plain files of one layout among ``units``, many at a time."""
    from tickloom_plugins.readers import csv_together
    from tickloom_plugins.readers.mapping import load_mapping

    if options.mapping is not None:
        yield from csv_together.read_together(units, load_mapping(options.mapping), options)


def _count(frames: Iterator[pl.DataFrame | Rejected]) -> int:
    """Rows of the frames that are left; of a damaged file, those before the damage."""
    rows = 0
    with suppress(ReadError):
        for part in frames:
            rows += _rows(part)
    return rows


def _rows(part: pl.DataFrame | RawBatch | RawRows | Rejected) -> int:
    if isinstance(part, Rejected):
        return part.rows
    return len(part.frame if isinstance(part, RawBatch | RawRows) else part)


def _matching(folder: Path, patterns: Iterable[str]) -> list[Path]:
    found: set[Path] = set()
    for pattern in patterns:
        try:
            found.update(path for path in folder.glob(pattern) if path.is_file())
        except (NotImplementedError, ValueError) as error:
            raise UsageError(
                f"expected globs below the source in the mapping; found {pattern!r}: {error}"
            ) from error
    return sorted(found)


def _tables(mapping: Mapping, folder: Path) -> list[Path]:
    if mapping.lookup is None:
        return []
    pattern = Path(mapping.lookup.files)
    base = Path(pattern.anchor) if pattern.is_absolute() else folder
    relative = pattern.relative_to(pattern.anchor) if pattern.is_absolute() else pattern
    found = _matching(base, [relative.as_posix()])
    if not found:
        raise UsageError(
            f"expected the mapping's look-up table {mapping.lookup.files} below {base}; found none"
        )
    return found


CSV: Final = ReaderSpec(
    name="csv",
    summary="Delimited text of any vendor, described by a mapping file (--mapping).",
    zone="Asia/Kolkata",
    calendar="nse",
    discover=discover,
    read=read,
    read_together=read_together,
)
