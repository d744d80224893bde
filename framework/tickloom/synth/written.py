"""Raw files on disk."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tickloom.errors import TickloomError, system_error
from tickloom.paths import portable_name


def write_table(table: pa.Table, path: Path) -> None:
    """Write ``table`` as the Parquet file ``path``; raises :class:`TickloomError`."""
    try:
        with portable_name(path, "wb") as name:
            pq.write_table(table, name)
    except OSError as error:
        raise TickloomError(f"cannot write the raw file {path}: {system_error(error)}") from error
