"""The columns of a partition while it is assembled."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Final

from tickloom.errors import PluginError
from tickloom.schema import COMPUTED_NAMES, STORED_COLUMNS, Column, polars_schema

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


TIMESTAMP_NS: Final = next(c for c in STORED_COLUMNS if c.name == "timestamp_ns")
"""Computed before the merge, from the timestamp alone: it is carried along."""


class PartitionColumns:
    """The columns of a store's options, or of a series: how bins and stored rows become
    rows of a partition."""

    def __init__(self, columns: Sequence[Column], derived: Container[str]) -> None:
        """``columns``: those on disk; ``derived``: those that partition transforms give."""
        raw = [c for c in columns if c.name not in COMPUTED_NAMES and c.name not in derived]
        self.identity: tuple[str, ...] = tuple(column.name for column in raw)
        """Columns that make a row what it is: the vendor's."""
        self._final = polars_schema(columns)
        self._merged = polars_schema((*raw, TIMESTAMP_NS))

    @property
    def merged(self) -> tuple[str, ...]:
        """Columns that rows have while they are merged: the vendor's and ``timestamp_ns``."""
        return tuple(self._merged)

    def from_arrow(self, tables: Sequence[pa.Table]) -> pl.DataFrame:
        """The rows of ``tables`` with the columns that rows are merged by; a column that a table
        lacks is null there."""
        alike: list[list[pa.Table]] = []
        for table in tables:
            # Metadata too: Polars notes there which dictionaries are enums.
            if alike and table.schema.equals(alike[-1][0].schema, check_metadata=True):
                alike[-1].append(table)
            else:
                alike.append([table])
        return self.join([self._frame(group) for group in alike])

    def _frame(self, tables: Sequence[pa.Table]) -> pl.DataFrame:
        """The rows of tables of one schema."""
        import polars as pl
        import pyarrow as pa

        frame = pl.from_arrow(pa.concat_tables(tables), rechunk=False)
        assert isinstance(frame, pl.DataFrame)
        there = set(frame.columns)
        missing = [name for name in self._merged if name not in there]
        if missing:
            frame = frame.with_columns(pl.lit(None).alias(name) for name in missing)
        elif frame.schema == self._merged:
            return frame
        return frame.select(in_type(frame[name], dtype) for name, dtype in self._merged.items())

    def join(self, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """The rows of ``frames``, one after another."""
        import polars as pl

        return frames[0] if len(frames) == 1 else pl.concat(frames)

    def finish(self, frame: pl.DataFrame) -> pl.DataFrame:
        """``frame`` with exactly the store's columns, in order.

        Raises :class:`PluginError` where the transforms did not deliver one, or not its type.
        """
        import polars as pl

        found_types = frame.schema
        for name, dtype in self._final.items():
            found = found_types.get(name)
            if found != dtype:
                raise PluginError(
                    f"column {name!r} of the store: expected {dtype} from the transforms, found "
                    f"{found or 'no such column'}; see 'tickloom plugins list'"
                )
        # Not select(): it copies all columns once they consist of different pieces.
        return pl.DataFrame([frame[name] for name in self._final])


def in_type(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    """``series`` as the store's column of ``dtype`` has it; anything fits text."""
    import polars as pl

    is_text = isinstance(series.dtype, pl.String | pl.Categorical | pl.Enum | pl.Null)
    if isinstance(dtype, pl.Categorical) and not is_text:
        series = series.cast(pl.String)
    return series.cast(dtype)
