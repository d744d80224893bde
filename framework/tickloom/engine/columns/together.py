"""Few rows of many files: read by one call, as one for each file costs more than the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tickloom.engine.columns.scan import Scan, decoding_errors
from tickloom.engine.columns.slices import SLICE_ROWS, Slice
from tickloom.store.partitions.formats import format_of

if TYPE_CHECKING:
    import pyarrow as pa


def read_together(
    slices: Sequence[Slice], names: Sequence[str]
) -> list[Sequence[pa.Table] | None] | None:
    """The columns ``names`` of each slice as its :class:`Scan` takes them; None for those of hot
    files, which cost nothing to read.

    None in all where that is no help: formats that cannot, or gaps between contracts that are read
    along and add up. A file that cannot be decoded is left to its own slice, which says so.
    """
    cold = [part for part in slices if part.hot is None]
    formats = {format_of(part.file) for part in cold}
    if not cold:
        return [None] * len(slices)
    scan_files = formats.pop().scan_files
    if formats or scan_files is None:
        return None
    files = [(part.file, Scan(part, names).ranges()) for part in cold]
    if sum(rows for _, ranges in files for _, rows in ranges) > SLICE_ROWS:
        return None
    try:
        tables = iter(list(scan_files(files, names)))
    except decoding_errors():
        return None
    return [next(tables) if part.hot is None else None for part in slices]
