"""In which order transforms run: givers of a column before those that need it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from tickloom.errors import PluginError
from tickloom.schema import RAW_COLUMNS
from tickloom.specs import TransformSpec
from tickloom.specs.transform import Phase


def ordered(transforms: Iterable[TransformSpec], phase: Phase) -> tuple[TransformSpec, ...]:
    """The transforms of ``phase``, givers and updaters of a column before those that need it.

    Raises :class:`PluginError` where two give one column, or need each other.
    """
    everyone = sorted(transforms, key=lambda transform: transform.name)
    _check_givers(everyone)
    # Known by their places, not by their names: two plugins may have chosen the same one.
    chosen = [transform for transform in everyone if transform.phase == phase]
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for place, transform in enumerate(chosen):
        before = [i for i, other in enumerate(chosen) if _comes_before(other, transform)]
        sorter.add(place, *before)
    try:
        return tuple(chosen[place] for place in _stable(sorter))
    except CycleError as error:
        circle = " -> ".join(chosen[place].name for place in error.args[1])
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


def _stable(sorter: TopologicalSorter[int]) -> Iterator[int]:
    """The sorter's order, by name where it leaves a choice: never by the hash of a string."""
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        yield from ready
        sorter.done(*ready)
