"""Dates a store anew after a calendar change: ``tickloom recalendar STORE``.

Each partition whose contracts the calendar dates otherwise is assembled again from its own rows, as
a pack would, and committed: expiry, flags, order and vol_delta follow.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from tickloom.expiries.store_calendars import StoreCalendars
from tickloom.host import get_host
from tickloom.packing.merging.runs import date_names, names_of
from tickloom.packing.partitions.format import choose_writer
from tickloom.packing.partitions.stage import AssemblyStage
from tickloom.packing.report import PackReport
from tickloom.packing.workers.budget import budget_for
from tickloom.packing.workers.crew import Crew
from tickloom.progress import Phases, untold_phases
from tickloom.specs import Calendar, CalendarGapError, expiry_of
from tickloom.store.api import Partition, open_store
from tickloom.store.layout import PartitionKey
from tickloom.store.partitions.index import ContractIndex, ContractRows
from tickloom.store.writer import StoreWriter


@dataclass(slots=True)
class RedateReport:
    """What became of a store."""

    partitions: int = 0
    """Partitions looked at."""

    partitions_redated: int = 0
    """Partitions written anew."""

    contracts_redated: int = 0
    """Contracts in them whose expiry or kind changed, counted once a partition."""

    contracts_provisional: int = 0
    """Contracts whose expiry may change when the exchange publishes its holidays."""

    contracts_unknown: int = 0
    """Contracts without a name, or that the calendar does not know: they stay as they are."""

    rows: int = 0
    """Rows of the partitions written anew."""

    elapsed_s: float = 0.0
    """Duration, seconds."""


def redate(
    path: Path,
    calendar: Path | None,
    *,
    workers: int | None = None,
    executor: str = "tickloom:processes",
    timeout: float | None = None,
    wait: float = 0.0,
    progress: Phases = untold_phases,
) -> RedateReport:
    """Bring the store at ``path`` to its calendars as they are now; with ``calendar``, to those
    with that file's rows. ``progress`` counts the partitions that are looked at, then those that
    are packed.

    Raises :class:`tickloom.errors.TickloomError` and its kinds.
    """
    started = time.perf_counter()
    with StoreWriter.open(path, wait=wait) as store:
        work = _Redating(store, calendar, progress)
        work.run(workers, executor, timeout)
    work.report.elapsed_s = time.perf_counter() - started
    return work.report


class _Redating:
    def __init__(self, store: StoreWriter, file: Path | None, progress: Phases) -> None:
        self.report = RedateReport()
        self._store = store
        self._file = file
        self._progress = progress
        self._calendars = StoreCalendars(store.manifest, file)

    def run(self, workers: int | None, executor: str, timeout: float | None) -> None:
        plain, splitting = self._find_touched()
        touched = [*plain, *splitting]
        if not touched:
            return
        spec = get_host().executors.get(executor)
        budget = budget_for(None, workers, shares_memory=spec.shares_memory)
        with Crew(spec, budget.workers, timeout) as crew:
            stage = AssemblyStage(
                store=self._store,
                writer=choose_writer(self._store, None),
                crew=crew,
                budget=budget,
                clocks=self._calendars.clocks({key.underlying for key in touched}),
                calendar_file=self._file,
                report=PackReport(),
                excluded=frozenset(),
                paths={},
                progress=self._progress,
            )
            # What cannot be told apart ends the command, so it comes last.
            for keys in (plain, splitting):
                for key in stage.run({}, (), keys):
                    self.report.partitions_redated += 1
                    self.report.rows += self._store.manifest.partitions[key].rows

    def _find_touched(self) -> tuple[list[PartitionKey], list[PartitionKey]]:
        """The partitions with a contract that the calendar dates otherwise; apart from them those
        in which rows that were one contract's are several contracts' now."""
        plain: list[PartitionKey] = []
        splitting: list[PartitionKey] = []
        partitions = self._partitions()
        progress = self._progress("looking")
        for done, partition in enumerate(partitions, 1):
            calendar = self._calendars.of(partition.key.underlying)
            changes, splits = self._look(partition.index(), calendar)
            if changes:
                (splitting if splits else plain).append(partition.key)
            self.report.contracts_redated += changes
            self.report.partitions += 1
            progress(done, len(partitions))
        return plain, splitting

    def _partitions(self) -> list[Partition]:
        """All that expire: options and futures."""
        store = open_store(self._store.path)
        futures = [one for one in store.series() if one.key.instrument == "future"]
        return [*store.partitions(), *futures]

    def _look(self, index: ContractIndex, calendar: Calendar) -> tuple[int, int]:
        """How many contracts change, and how many of them become several."""
        changes = splits = 0
        for entry in index.contracts:
            dated = date_names(entry, calendar)
            self.report.contracts_provisional += any(e.provisional for e in dated.values())
            self.report.contracts_unknown += not _is_known(entry, calendar)
            kinds = {expiry.kind for expiry in dated.values()} or {entry.kind}
            kind = "monthly" if "monthly" in kinds else "weekly"
            changes += kind != entry.kind or any(e.date != entry.expiry for e in dated.values())
            splits += len({expiry.date for expiry in dated.values()}) > 1
        return changes, splits


def _is_known(entry: ContractRows, calendar: Calendar) -> bool:
    """Does the calendar know every name of these rows?"""
    names = names_of(entry)
    try:
        for name in names:
            expiry_of(calendar, name)
    except CalendarGapError:
        return False
    return bool(names)
