"""The first half of a pack: all units into bins, on workers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from tickloom.packing.budget import Budget
from tickloom.packing.crew import Crashed, Crew
from tickloom.packing.identity import look_at
from tickloom.packing.plan import Source, deal, read_listings
from tickloom.packing.progress import Progress
from tickloom.packing.reading import ReadTask, UnitResult, read_units
from tickloom.specs import ExecutorSpec, SourceOptions


class ReadingStage:
    """Reads units; their bins lie in ``staging``."""

    def __init__(
        self,
        executor: ExecutorSpec,
        budget: Budget,
        options: SourceOptions,
        calendar: Path | None,
        staging: Path,
        progress: Progress,
    ) -> None:
        self._crew = Crew(executor, budget.workers, read_units, _one_by_one)
        self._workers = budget.workers
        self._options = options
        self._calendar = calendar
        self._staging = staging
        self._progress = progress
        self._files = 0

    def read(self, sources: Sequence[Source]) -> dict[int, UnitResult]:
        """The results of ``sources`` by their numbers."""
        readings = read_listings(sources, self._calendar)
        groups = deal(sources, readings, self._workers)
        tasks = []
        for units in groups:
            self._files += 1
            bins = self._staging / f"bins-{self._files}"
            tasks.append(ReadTask(units, self._options, self._calendar, bins, True))
        self._progress.start("reading", len(sources))
        results: dict[int, UnitResult] = {}
        with closing(self._crew.run(tasks)) as done:
            for item in done:
                found = _crashed(item.task) if isinstance(item, Crashed) else item[1]
                results |= {result.number: result for result in found}
                self._progress.advance(len(found))
        return results


def _one_by_one(task: ReadTask) -> list[ReadTask]:
    """The units of ``task``, each in a task of its own with its own file of bins."""
    return [
        task._replace(units=(unit,), bins=task.bins.with_name(f"{task.bins.name}-{unit.number}"))
        for unit in task.units
    ]


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
