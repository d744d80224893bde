"""What a worker does with a task: reads its units one by one, or several at once if it can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from tickloom.packing.bins.file import BinFile
from tickloom.packing.bins.mixed import MixedBlock
from tickloom.packing.reading.many import ManyContracts
from tickloom.packing.reading.unit import OneUnit, ReadTask, failed
from tickloom.packing.sources.units import UnitResult
from tickloom.specs import RawRows, ReadError


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What became of the units of a task."""

    units: list[UnitResult]
    """One result for each."""

    size: int
    """Size of the file of bins, bytes."""

    mixed: list[MixedBlock]
    """Blocks of many contracts; rows of units of which nothing is taken do not count."""


def read_units(task: ReadTask) -> ReadResult:
    """Read the units of ``task``."""
    with BinFile(task.bins.path, compress=task.bins.compress) as bins:
        many: dict[tuple[str, str], ManyContracts] = {}
        readings = [OneUnit(unit, task, bins, many) for unit in task.units]
        for _, alike in groupby(readings, key=lambda reading: (reading.spec, reading.options)):
            _read_alike(list(alike))
        for waiting in many.values():
            waiting.flush()
        units = [reading.finish() for reading in readings]
        mixed = [block for waiting in many.values() for block in waiting.blocks]
        return ReadResult(units, bins.finish(), mixed)


def _read_alike(readings: Sequence[OneUnit]) -> None:
    """Read units of one reader and mapping: those that it takes together, then the others."""
    rest = dict(enumerate(readings))
    for place, parts in _given(readings):
        rest.pop(place).read(parts)
    for reading in rest.values():
        reading.read()


def _given(readings: Sequence[OneUnit]) -> Iterator[tuple[int, Iterator[RawRows]]]:
    """What the reader has of units together, by their places. Where it fails, so do all that it has
    not given by then: which of them is to blame nobody knows."""
    spec, options = readings[0].spec, readings[0].options
    if spec.read_together is None or len(readings) < 2:
        return
    missing = set(range(len(readings)))
    given: Iterator[tuple[int, Iterable[RawRows]]] | None = None
    while missing:
        try:
            if given is None:
                given = iter(spec.read_together([one.unit for one in readings], options))
            place, parts = next(given)
            rows = iter(parts)
            missing.remove(place)
        except StopIteration:
            return
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # as where a unit is read alone
            refusal = failed(spec, error)
            break
        yield place, rows
    for place in sorted(missing):
        yield place, _refusing(refusal)


def _refusing(error: ReadError) -> Iterator[RawRows]:
    raise error
    yield  # a generator, which raises when it is asked
