"""In which order transforms run, and whether they keep what they promised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Final

from tickloom.errors import PluginError
from tickloom.schema import RAW_COLUMNS
from tickloom.specs import PartitionContext, ReadError, TransformSpec
from tickloom.specs.transform import Phase

if TYPE_CHECKING:
    import polars as pl

ROW: Final = "__tickloom_row"
"""A column that travels through the transforms: it shows lost and reordered rows."""


def ordered(transforms: Iterable[TransformSpec], phase: Phase) -> tuple[TransformSpec, ...]:
    """The transforms of ``phase``, givers and updaters of a column before those that need it.

    Raises :class:`PluginError` where two give one column, or need each other.
    """
    everyone = sorted(transforms, key=lambda transform: transform.name)
    _check_givers(everyone)
    chosen = {t.name: t for t in everyone if t.phase == phase}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, transform in chosen.items():
        before = [other.name for other in chosen.values() if _comes_before(other, transform)]
        sorter.add(name, *before)
    try:
        return tuple(chosen[name] for name in _stable(sorter))
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise PluginError(
            f"transforms need each other's columns: {circle}; one of them has to do without"
        ) from error


def _check_givers(transforms: Iterable[TransformSpec]) -> None:
    givers = {column.name: "the raw file" for column in RAW_COLUMNS}
    for transform in transforms:
        for column in transform.gives:
            if column in givers:
                raise PluginError(
                    f"column {column!r} is given by {givers[column]} and by transform "
                    f"{transform.name!r}; a transform that changes a column lists it in 'updates'"
                )
            givers[column] = f"transform {transform.name!r}"


def _comes_before(other: TransformSpec, transform: TransformSpec) -> bool:
    if other is transform:
        return False
    touched = set(transform.needs) | set(transform.updates)
    if touched & set(other.gives):
        return True
    made = set(other.updates) - set(other.needs)
    if made & set(transform.needs):
        return True
    changed = set(other.updates) & set(transform.needs)
    return bool(changed - set(transform.updates))


def _stable(sorter: TopologicalSorter[str]) -> Iterator[str]:
    """The sorter's order, by name where it leaves a choice: never by the hash of a string."""
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        yield from ready
        sorter.done(*ready)


def apply_all(
    transforms: Iterable[TransformSpec], frame: pl.DataFrame, context: PartitionContext
) -> pl.DataFrame:
    """``frame`` after all transforms. Raises :class:`PluginError` where one breaks its promise:
    to keep every row and column, their order, and to add what it gives."""
    import numpy as np
    import polars as pl

    rows = np.arange(frame.height)
    frame = frame.hstack([pl.Series(ROW, rows)])
    for transform in transforms:
        missing = [name for name in transform.needs if name not in frame.columns]
        if missing:
            raise PluginError(
                f"transform {transform.name!r} needs {', '.join(missing)}; neither the source nor "
                f"another transform gives it. Columns: {', '.join(frame.columns)}"
            )
        after = apply_one(transform, frame, context)
        if after.height != len(rows) or not np.array_equal(after[ROW].to_numpy(), rows):
            raise PluginError(
                f"transform {transform.name!r} got {len(rows)} rows and returned {after.height}, "
                "or other ones, or in another order; a transform keeps every row and their order"
            )
        frame = after
    frame = frame.clone()  # the transform may have kept its own
    frame.drop_in_place(ROW)
    return frame


def apply_one(
    transform: TransformSpec, frame: pl.DataFrame, context: PartitionContext
) -> pl.DataFrame:
    """``frame`` after one transform. Raises :class:`PluginError` where it fails or loses a column,
    and passes on the :class:`ReadError` of one that refuses the batch."""
    import polars as pl

    try:
        after = transform.apply(frame, context)
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
