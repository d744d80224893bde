"""Look-up tables: what a vendor says about a token, an instrument or a contract in another file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tickloom import ReadError, Rejected, SourceOptions
from tickloom_plugins.readers.csv_file import CsvFile
from tickloom_plugins.readers.mapping import Mapping, columns_used


def load_table(
    paths: Sequence[Path], mapping: Mapping, own: Sequence[str], options: SourceOptions
) -> pl.DataFrame | None:
    """The files as one table of text, a row for each key, with the columns that the mapping uses
    and that the rows do not have as their ``own``.

    Raises :class:`tickloom.ReadError` where the key is missing, or says two things.
    """
    if mapping.lookup is None:
        return None
    key = mapping.lookup.key
    wanted = columns_used(mapping).keys() - set(own) | {key}
    frames = []
    for path in paths:
        file = CsvFile(path, mapping, options)
        if key not in file.columns:
            raise ReadError(
                f"expected the column {key!r} in the look-up table {path.name}; found "
                f"{', '.join(file.columns)}."
            )
        used = [name for name in file.columns if name in wanted]
        frames += [part.select(used) for part in file.frames() if not isinstance(part, Rejected)]
    table = pl.concat(frames).with_columns(pl.all().str.strip_chars()).unique(maintain_order=True)
    twice = table.filter(pl.col(key).is_duplicated())
    if len(twice):
        said = " and ".join(str(row) for row in twice.head(2).to_dicts())
        raise ReadError(f"expected each {key} once in the look-up table; found {said}.")
    return table
