"""Frames cut into row groups, and a row group as an Arrow table of one chunk a column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def cut(frames: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The rows of ``frames``, in order, in frames of exactly ``rows``; the last may be shorter,
    and there is always one."""
    import polars as pl

    held: list[pl.DataFrame] = []
    height = 0
    is_first = True
    for frame in frames:
        held.append(frame)
        height += frame.height
        del frame
        while height >= rows:
            whole = pl.concat(held, rechunk=False)
            group, rest = whole.head(rows).rechunk(), whole.slice(rows)
            held, height = [rest], rest.height
            # The pieces that the group was made of: 42 MB that nobody needs while it is written.
            del whole, rest
            yield group
            del group  # or the next one would be made beside it
            is_first = False
    if not held:
        raise ValueError("a file needs at least one frame: it has no columns otherwise")
    if height or is_first:
        yield pl.concat(held, rechunk=True)


def to_arrow(frame: pl.DataFrame) -> pa.Table:
    """``frame`` as a table whose bytes on disk depend on its values alone.

    One chunk a column, since pages are cut per chunk; a Categorical's dictionary is rebuilt in
    order of appearance, since Polars hands over whatever its process has seen.
    """
    import polars as pl
    import pyarrow as pa

    table = frame.rechunk().to_arrow()
    for i, (name, dtype) in enumerate(frame.schema.items()):
        if isinstance(dtype, pl.Categorical):
            codes = frame[name].to_physical().rechunk().to_arrow().dictionary_encode()
            texts = frame[name].unique(maintain_order=True).drop_nulls().cast(pl.String)
            dictionary = pa.DictionaryArray.from_arrays(
                codes.indices.cast(pa.uint32()), texts.rechunk().to_arrow()
            )
            table = table.set_column(i, table.schema.field(i), dictionary)
    return table
