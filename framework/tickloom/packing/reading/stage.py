"""The first half of a pack: all units into bins, on workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tickloom.packing.bins.mixed import MixedBlock
from tickloom.packing.bins.space import BinSpace
from tickloom.packing.reading.together import read_units
from tickloom.packing.reading.unit import ReadTask
from tickloom.packing.sources.identity import look_at
from tickloom.packing.sources.plan import Source, deal, read_listings
from tickloom.packing.sources.units import UnitResult
from tickloom.packing.workers.budget import Budget
from tickloom.packing.workers.crew import Crashed, Crew
from tickloom.progress import Phases
from tickloom.specs import SourceOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingStage:
    """Reads the units of one pack."""

    crew: Crew
    """The workers."""

    budget: Budget
    """Memory and workers."""

    options: SourceOptions
    """What the user said about the sources."""

    calendar_file: Path | None
    """The file of ``--calendar``."""

    staging: Path
    """Folder for what does not stay in memory."""

    space: BinSpace
    """Where bins lie."""

    progress: Phases
    """Told about it."""

    def read(self, sources: Sequence[Source]) -> tuple[dict[int, UnitResult], list[MixedBlock]]:
        """The results of ``sources`` by their numbers, and their rows of many contracts."""
        sizes = {source.number: source.size for source in sources}
        progress = self.progress("reading")
        tasks = self._tasks(sources, sizes)
        results: dict[int, UnitResult] = {}
        mixed: list[MixedBlock] = []
        with closing(self.crew.run(read_units, tasks, self._one_by_one)) as done:
            for item in done:
                if isinstance(item, Crashed):
                    found = _crashed(item.task)
                else:
                    task, result = item
                    found = result.units
                    mixed += result.mixed
                    size = sum(sizes[unit.number] for unit in task.units)
                    self.space.written(task.bins.path, size, result.size)
                results |= {result.number: result for result in found}
                progress(len(results), len(sources))
        return results, mixed

    def _tasks(self, sources: Sequence[Source], sizes: Mapping[int, int]) -> Iterator[ReadTask]:
        readings = read_listings(sources, self.calendar_file)
        for units in deal(sources, readings, self.budget.workers):
            place = self.space.place(sum(sizes[unit.number] for unit in units))
            yield ReadTask(units, self.options, self.calendar_file, place, self.staging)

    def _one_by_one(self, task: ReadTask) -> list[ReadTask]:
        """The units of ``task``, each in a task of its own with its own file of bins on disk."""
        return [task._replace(units=(unit,), bins=self.space.place(ENDLESS)) for unit in task.units]


ENDLESS: Final = 2**62
"""A size that no cache holds: such bins are compressed."""


def _crashed(task: ReadTask) -> list[UnitResult]:
    """The results of units whose reading takes the worker process down."""
    results = []
    for unit in task.units:
        result = UnitResult(unit.number, unit.unit.paths[0])
        with suppress(OSError):
            result.files = look_at(unit.unit)
        result.reject_whole(
            f"reader {unit.reader} crashed its process on it: the file is damaged, or needs more "
            "memory than there is. Fetch it again, or pack it alone with fewer --workers"
        )
        results.append(result)
    return results
