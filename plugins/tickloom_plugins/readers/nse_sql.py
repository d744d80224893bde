"""Reader ``nse-sql``: MySQL dumps with one table a contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tickloom import (
    Ignored,
    RawBatch,
    RawRows,
    ReadError,
    ReaderSpec,
    Rejected,
    SourceOptions,
    Unit,
)

SUFFIXES: Final = (".sql", ".sql.gz", ".sql.zst")


def discover(source: Path, options: SourceOptions) -> Iterable[Unit]:
    """Every dump below ``source``; each is a unit, however many tables it holds."""
    found = [source] if source.is_file() else sorted(source.rglob("*"))
    for path in found:
        if path.name.lower().endswith(SUFFIXES) and path.is_file():
            yield Unit(paths=(path,), name=path.name)


def read(unit: Unit, options: SourceOptions) -> Iterator[RawBatch | RawRows | Rejected | Ignored]:
    """The rows of every table that is named like an option, table by table, in constant memory.

    A table that cannot be read, and the end of a dump that breaks off, are rejected; the rest goes
    on. Raises :class:`tickloom.ReadError` when the dump cannot be opened.
    """
    from tickloom_plugins.readers.sql_tables import read_dump

    try:
        yield from read_dump(unit.paths[0], options)
    except OSError as error:
        raise ReadError(f"expected a dump that can be opened; found {error}.") from error


NSE_SQL: Final = ReaderSpec(
    name="nse-sql",
    summary="MySQL dumps, one table per contract, named by its trading symbol.",
    zone="Asia/Kolkata",
    calendar="nse",
    version="2",
    discover=discover,
    read=read,
)
