"""The rows of selected contracts of a partition, as a frame with the store's types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tickloom.errors import StoreError, UsageError
from tickloom.schema import COMPUTED_COLUMNS, RAW_COLUMNS, polars_dtype
from tickloom.store.api import Partition
from tickloom.store.partitions.contract_columns import ContractColumns

if TYPE_CHECKING:
    import polars as pl

    from tickloom.engine.underlying.asof import Float64, Int64


def read_rows(
    partition: Partition, contracts: ContractColumns, columns: Sequence[str]
) -> pl.DataFrame:
    """The rows of ``contracts``, which are in the store's order, with just ``columns``.

    Raises :class:`UsageError` for a column that the partition lacks, :class:`StoreError` for a file
    that ends too early.
    """
    import polars as pl

    file = partition.file()
    present = partition.writer.summarise(file).columns
    for name in columns:
        if name not in present:
            raise UsageError(
                f"partition {partition.key} has no column {name!r}; it has: {', '.join(present)}"
            )
    ranges = _ranges(contracts)
    frames = [
        # A frame of no columns has no rows either: there is always one to read.
        pl.DataFrame(pl.from_arrow(table))
        for table in partition.writer.scan(file, columns, ranges)
    ]
    frame = pl.concat(frames).with_columns(
        pl.col(column.name).cast(polars_dtype(column.type))
        for column in (*RAW_COLUMNS, *COMPUTED_COLUMNS)
        if column.name in columns and column.type not in ("right", "kind", "symbol")
    )
    if frame.height != sum(rows for _, rows in ranges):
        raise StoreError(
            f"{file} ends before the rows that its contract index names; "
            "'tickloom verify STORE' says more"
        )
    return frame


def stamps_of(frame: pl.DataFrame) -> Int64:
    """``int64[rows]``: when each row was stamped, microseconds of the wall clock."""
    return frame["timestamp"].to_physical().to_numpy()


def floats_of(frame: pl.DataFrame, name: str) -> Float64:
    """``float64[rows]``: a column of numbers, null as NaN."""
    import polars as pl

    return frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _ranges(contracts: ContractColumns) -> list[tuple[int, int]]:
    """First row and number of rows of each stretch; contracts that touch are one stretch."""
    starts, ends = contracts.starts, contracts.starts + contracts.rows
    opens = np.flatnonzero(np.append(True, starts[1:] != ends[:-1]))
    closes = np.append(opens[1:], len(starts)) - 1
    return [(int(starts[a]), int(ends[b] - starts[a])) for a, b in zip(opens, closes, strict=True)]
