"""What a pack has to read: claims, identities, names, and how they are dealt to workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tickloom.contracts import NameReading
from tickloom.errors import UsageError
from tickloom.host import Host
from tickloom.packing.sources.claims import Claim
from tickloom.packing.sources.identity import look_at, settings_digest, source_key, unchanged
from tickloom.packing.sources.inputs import DIALECT, Inputs, digest_of
from tickloom.packing.sources.units import UnitTask
from tickloom.packing.workers.calendars import load_calendar
from tickloom.specs import ReaderSpec
from tickloom.store.commits.manifest import SourceEntry, SourceFile

GROUPS_PER_WORKER = 16
"""So many groups of units for each worker: the last ones to finish do not finish late."""

LARGEST_GROUP = 32
"""The most units of a group: a crash costs reading them again, one by one."""


@dataclass(frozen=True, slots=True)
class Source:
    """One unit of this pack."""

    number: int
    """Number within this pack."""

    key: str
    """What names it in the manifest."""

    claim: Claim
    """The unit and its reader."""

    settings: str
    """Digest of the settings that it is read with."""

    size: int
    """Size of its files, bytes; 0 where they cannot be looked at."""

    inputs: dict[str, str]
    """What the manifest says of the files and the dialect that it is read with."""

    @property
    def dialect(self) -> str:
        """The dialect that the user named for it; empty for the reader's."""
        return self.inputs.get(DIALECT, "")


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What is to be read, and what is not."""

    sources: tuple[Source, ...]
    """Units to read."""

    skipped: int
    """Units that have not changed since they were packed."""

    touched: tuple[SourceEntry, ...]
    """Skipped units whose times changed and whose content did not: to be noted anew."""

    keys: frozenset[str]
    """What names all units, read or skipped, in the manifest."""


def plan_reading(
    claims: Sequence[Claim],
    known: Mapping[str, SourceEntry],
    settings: Callable[[str], Mapping[str, str]],
    inputs: dict[str, str],
    *,
    rehash: bool,
) -> ReadPlan:
    """Which units have to be read. ``settings`` gives for a dialect the digest of settings by
    reader; ``inputs`` is what the manifest says of mapping, calendar file and dialect. A source
    that was packed by a dialect keeps it unless another is named."""
    sources: list[Source] = []
    touched: list[SourceEntry] = []
    skipped = 0
    keys = set()
    for claim in claims:
        key = source_key(claim, known)
        keys.add(key)
        files = _look(claim)
        before = known.get(key)
        used = (before.inputs if before and DIALECT not in inputs else inputs).get(DIALECT, "")
        digest = settings(used)[claim.reader]
        if files is not None and unchanged(before, files, digest, rehash=rehash):
            assert before is not None
            skipped += 1
            touched += _touched(before, files)
            continue
        size = sum(file.size for file in files or ())
        noted = inputs | ({DIALECT: used} if used else {})
        sources.append(Source(len(sources), key, claim, digest, size, noted))
    return ReadPlan(tuple(sources), skipped, tuple(touched), frozenset(keys))


def new_source(
    number: int, key: str, claim: Claim, settings: str, inputs: dict[str, str]
) -> Source:
    """A unit to read, as it is now; ``key`` names it in the manifest."""
    size = sum(file.size for file in _look(claim) or ())
    return Source(number, key, claim, settings, size, inputs)


def _look(claim: Claim) -> tuple[SourceFile, ...] | None:
    try:
        return look_at(claim.unit)
    except OSError:
        return None  # the worker reports what is wrong with it


def _touched(before: SourceEntry, files: tuple[SourceFile, ...]) -> Iterable[SourceEntry]:
    import msgspec

    if [file.mtime_ns for file in before.files] == [file.mtime_ns for file in files]:
        return
    same = tuple(
        msgspec.structs.replace(new, sha256=old.sha256)
        for old, new in zip(before.files, files, strict=True)
    )
    yield msgspec.structs.replace(before, files=same)


def reader_settings(host: Host, specs: Mapping[str, ReaderSpec], inputs: Inputs) -> dict[str, str]:
    """For each reader (by qualified name) the digest of what decides what becomes of a source."""
    transforms = {f"transform {o.qualified}": o.spec.version for o in host.transforms}
    calendar, mapping = inputs.calendar, inputs.mapping
    digest = digest_of("mapping", mapping) if mapping else ""
    return {
        name: settings_digest(
            {
                **transforms,
                f"reader {name}": spec.version,
                "dialect": inputs.dialect or spec.dialect,
                f"calendar {spec.calendar}": load_calendar(spec.calendar, calendar).version,
                "mapping": digest,
            }
        )
        for name, spec in specs.items()
    }


def check_dialect(readers: Iterable[ReaderSpec], dialect: str, calendar: Path | None) -> None:
    """Raises :class:`UsageError` where the calendar of a reader does not know ``dialect``."""
    for spec in readers if dialect else ():
        try:
            load_calendar(spec.calendar, calendar).read_names([], dialect)
        except UsageError as error:
            raise UsageError(
                f"the calendar {spec.calendar!r} of reader {spec.name!r}: {error}. Say with "
                "--reader whose files the dialect is for"
            ) from error


def read_listings(sources: Sequence[Source], calendar: Path | None) -> dict[int, NameReading]:
    """The readings of the units' names, a reader's whole listing at once, by unit number.

    Raises :class:`UsageError` where the reader's calendar does not know the dialect.
    """
    readings: dict[int, NameReading] = {}
    for name, dialect in sorted({(source.claim.reader, source.dialect) for source in sources}):
        named = [
            source
            for source in sources
            if (source.claim.reader, source.dialect) == (name, dialect) and source.claim.unit.name
        ]
        if not named:
            continue
        spec = named[0].claim.spec
        symbols = [source.claim.unit.name for source in named]
        found = load_calendar(spec.calendar, calendar).read_names(symbols, dialect or spec.dialect)
        readings |= {s.number: reading for s, reading in zip(named, found, strict=True)}
    return readings


def deal(
    sources: Sequence[Source], readings: Mapping[int, NameReading], workers: int
) -> list[tuple[UnitTask, ...]]:
    """The units in groups, those with the most bytes first; in a group contracts that are
    neighbours in the store, as far as names tell it, since they share blocks of bins."""
    share = sum(source.size for source in sources) / (workers * GROUPS_PER_WORKER)
    groups: list[list[Source]] = []
    size = float("inf")
    for source in sorted(sources, key=lambda source: _store_order(source, readings)):
        if size + source.size > share or len(groups[-1]) >= LARGEST_GROUP:
            groups.append([])
            size = 0
        groups[-1].append(source)
        size += source.size
    groups.sort(key=lambda group: -sum(source.size for source in group))
    return [
        tuple(
            UnitTask(
                s.number,
                s.claim.reader,
                s.claim.unit,
                readings.get(s.number),
                s.claim.mapping,
                s.dialect,
            )
            for s in group
        )
        for group in groups
    ]


def _store_order(
    source: Source, readings: Mapping[int, NameReading]
) -> tuple[str, str, str, float, int]:
    reading = readings.get(source.number)
    contract = reading.contract if reading else None
    if contract is None:
        return "", "", "", 0.0, source.number
    # Not by expiry, which takes a look at the calendar: a period's contracts expire together.
    named = contract.underlying, contract.period, contract.right, contract.strike
    return *named, source.number
