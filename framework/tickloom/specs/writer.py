"""Writers: the file format of a partition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tickloom.schema import ROW_GROUP_ROWS

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSettings:
    """How a partition is written. Nothing about run, time, source or plugin goes into the file."""

    row_group_rows: int = ROW_GROUP_ROWS
    """Rows per row group; the last one may be shorter."""

    fast_columns: tuple[str, ...] = ("price", "bp0", "sp0", "volume")
    """Columns that most kernels read: they are compressed for speed rather than for size."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    """Key-value pairs for the file's own metadata: the zone of its wall clock, say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSummary:
    """What a file says about itself."""

    rows: int
    """Number of rows."""

    row_groups: tuple[int, ...]
    """Rows of each row group, in order; a format without row groups reports one."""

    columns: Mapping[str, str]
    """Column name to the name of its Arrow type, as ``str()`` gives the types of what the writer
    scans (``double``, ``timestamp[us]``), in the order on disk."""

    all_null: frozenset[str]
    """Columns that hold nothing but nulls, as far as the file's statistics tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterSpec:
    """A file format. The host stages, verifies and commits; a writer only writes and reads."""

    name: str
    """Name for ``plugins list`` and the manifest."""

    summary: str
    """One line for ``plugins list``."""

    suffix: str
    """File suffix with its dot, e.g. ``.parquet``."""

    write: Callable[[Iterable[pl.DataFrame], Path, WriteSettings], None]
    """``write(frames, path, settings)``: the frames' rows, in order, into a new file. The bytes
    depend on the rows and the settings alone, not on how the rows were cut into frames."""

    scan: Callable[[Path, Sequence[str], Sequence[tuple[int, int]]], Iterator[pa.Table]]
    """``scan(path, columns, ranges)``: one table for each ``(first row, number of rows)``, with
    just these columns, reading no more of the file than that needs."""

    summarise: Callable[[Path], FileSummary]
    """``summarise(path)``: what the file says about itself, without reading its rows."""

    check: Callable[[Path], Iterable[str]]
    """``check(path)``: reads every byte that matters and yields a sentence for each damage."""
