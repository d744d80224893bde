"""The columns of a partition while it is assembled."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tickloom.errors import PluginError
from tickloom.packing.bins import Bin, read_segments
from tickloom.schema import RAW_COLUMNS, STORED_COLUMNS, Column, polars_schema

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


TIMESTAMP_NS: Final = next(c for c in STORED_COLUMNS if c.name == "timestamp_ns")
"""Computed before the merge, from the timestamp alone: it is carried along."""


class PartitionColumns:
    """The columns of one store: how bins and stored rows become rows of a partition."""

    def __init__(self, extra: Sequence[Column], derived: Container[str]) -> None:
        """``extra``: columns beyond the 58; ``derived``: those that partition transforms give."""
        raw = (*RAW_COLUMNS, *(column for column in extra if column.name not in derived))
        self.identity: tuple[str, ...] = tuple(column.name for column in raw)
        """Columns that make a row what it is: the vendor's."""
        self._final = polars_schema((*STORED_COLUMNS, *extra))
        self._merged = polars_schema((*raw, TIMESTAMP_NS))

    @property
    def merged(self) -> tuple[str, ...]:
        """Columns that rows have while they are merged: the vendor's and ``timestamp_ns``."""
        return tuple(self._merged)

    def read_bins(self, bins: Iterable[Bin]) -> pl.DataFrame:
        """The rows of ``bins``, in the vendor's order."""
        return self.join(
            [
                self.from_arrow(table)
                for found in bins
                for table in read_segments(found.file, found.segments)
            ]
        )

    def from_arrow(self, table: pa.Table) -> pl.DataFrame:
        """The table's rows with the columns that rows are merged by; a missing one is null."""
        import polars as pl

        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        missing = [name for name in self._merged if name not in frame.columns]
        if missing:
            frame = frame.with_columns(pl.lit(None).alias(name) for name in missing)
        return frame.select(pl.col(name).cast(dtype) for name, dtype in self._merged.items())

    def join(self, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """The rows of ``frames``, one after another."""
        import polars as pl

        return frames[0] if len(frames) == 1 else pl.concat(frames)

    def finish(self, frame: pl.DataFrame) -> pl.DataFrame:
        """``frame`` with exactly the store's columns, in order.

        Raises :class:`PluginError` where the transforms did not deliver one, or not its type.
        """
        for name, dtype in self._final.items():
            found = frame.schema.get(name)
            if found != dtype:
                raise PluginError(
                    f"column {name!r} of the store: expected {dtype} from the transforms, found "
                    f"{found or 'no such column'}; see 'tickloom plugins list'"
                )
        return frame.select(self._final.names())
