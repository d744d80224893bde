"""Transforms applied to rows, and whether they keep what they promised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from tickloom.contracts import Instrument
from tickloom.errors import PluginError
from tickloom.host import get_host
from tickloom.host.transform_order import ordered
from tickloom.packing.rows.kept import taken_over
from tickloom.schema import STORED_COLUMNS, polars_dtype
from tickloom.specs import PartitionContext, ReadError, TransformSpec

if TYPE_CHECKING:
    import polars as pl


ROW: Final = "__tickloom_row"
"""A column that travels through the transforms: it shows lost and reordered rows."""


def apply_all(
    transforms: Iterable[TransformSpec], frame: pl.DataFrame, context: PartitionContext
) -> pl.DataFrame:
    """``frame`` after all transforms: of each one's result the columns that it gives and updates,
    everything else as it was. Raises :class:`PluginError` where one breaks its promise: to keep
    every row and column, their order and values, and to add what it gives; and :class:`ReadError`
    where the source has a column that a transform gives."""
    import numpy as np
    import polars as pl

    last: dict[str, str] = {}
    rows = np.arange(frame.height)
    frame = frame.hstack([pl.Series(ROW, rows)])
    is_series = bool(context.slices) and context.slices[0].contract.instrument != "option"
    for transform in transforms:
        missing = [name for name in transform.needs if name not in frame.columns]
        if missing and is_series:
            continue
        if missing:
            raise PluginError(
                f"transform {transform.name!r} needs {', '.join(missing)}; neither the source nor "
                f"another transform gives it. Columns: {', '.join(frame.columns)}"
            )
        if taken := [name for name in transform.gives if name in frame.columns]:
            raise ReadError(taken_names(transform.name, taken))
        after = _applied(transform, frame, context)
        if after.height != len(rows) or not np.array_equal(after[ROW].to_numpy(), rows):
            raise PluginError(
                f"transform {transform.name!r} got {len(rows)} rows and returned {after.height}, "
                "or other ones, or in another order; a transform keeps every row and their order"
            )
        frame = taken_over(transform, frame, after)
        last |= dict.fromkeys((*transform.gives, *transform.updates), transform.name)
    frame.drop_in_place(ROW)
    _check_types(frame, last)
    return frame


def _applied(
    transform: TransformSpec, frame: pl.DataFrame, context: PartitionContext
) -> pl.DataFrame:
    """What the transform returns, called for each contract where it takes only one."""
    import polars as pl

    if transform.phase == "partition" or transform.many_contracts or len(context.slices) < 2:
        return apply_one(transform, frame, context)
    parts = []
    for part in context.slices:
        one = replace(context, symbol=part.symbol, slices=(replace(part, start=0),))
        parts.append(apply_one(transform, frame.slice(part.start, part.rows), one))
    return pl.concat(parts)


def _check_types(frame: pl.DataFrame, last: Mapping[str, str]) -> None:
    """Raise :class:`PluginError` where a column of numbers or times is none any more; ``last`` has
    the transform that had it last, for each column that one had."""
    for column in STORED_COLUMNS:
        if column.name not in last or column.name not in frame.columns:
            continue
        expected, found = polars_dtype(column.type), frame.schema[column.name]
        if (expected.is_numeric() or expected.is_temporal()) and found != expected:
            raise PluginError(
                f"transform {last[column.name]!r} left column {column.name!r} with type {found}; "
                f"the store has it as {expected}. Upgrade the plugin that offers it, or remove it"
            )


def taken_names(giver: str, names: Sequence[str]) -> str:
    """Why a file cannot be used that has columns called like those of the transform ``giver``."""
    return f"transform {giver!r} gives the columns {', '.join(names)}; rename them in the file"


def apply_one(
    transform: TransformSpec, frame: pl.DataFrame, context: PartitionContext
) -> pl.DataFrame:
    """What one transform returns for ``frame``. Raises :class:`PluginError` where it fails or loses
    a column, and passes on the :class:`ReadError` of one that refuses the batch."""
    import polars as pl

    try:
        # A copy of the frame, not of its values: what is put into it stays in it.
        after = transform.apply(frame.clone(), context)
    except (ReadError, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit and Polars' panics too
        raise PluginError(
            f"transform {transform.name!r} failed: {type(error).__name__}: {error}. Upgrade the "
            "plugin that offers it, or remove it; 'tickloom plugins list' names it"
        ) from error
    if not isinstance(after, pl.DataFrame):
        raise PluginError(
            f"transform {transform.name!r} must return a polars DataFrame; "
            f"it returned {type(after).__name__}"
        )
    kept = set(after.columns)
    lost = [n for n in (*frame.columns, *transform.gives) if n not in kept]
    if lost:
        raise PluginError(
            f"transform {transform.name!r} returned a frame without {', '.join(lost)}; it has "
            "to keep all columns and add those that it gives"
        )
    return after


@cache
def batch_transforms(instrument: Instrument = "option") -> tuple[TransformSpec, ...]:
    """The transforms of the batch phase for an ``instrument``, in order."""
    found = ordered((offer.spec for offer in get_host().transforms), "batch")
    return tuple(one for one in found if instrument in one.instruments)


@cache
def partition_transforms(instrument: Instrument = "option") -> tuple[TransformSpec, ...]:
    """The transforms of the partition phase for an ``instrument``, in order."""
    found = ordered((offer.spec for offer in get_host().transforms), "partition")
    return tuple(one for one in found if instrument in one.instruments)
