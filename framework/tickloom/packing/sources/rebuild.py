"""``--replace``: partitions built afresh from the sources that the manifest names."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from tickloom.errors import StoreError, UsageError
from tickloom.host.registry import Offer, Registry
from tickloom.packing.sources.claims import Claim
from tickloom.packing.sources.identity import unit_key
from tickloom.packing.sources.plan import Source
from tickloom.packing.sources.reread import is_same_content
from tickloom.packing.sources.units import UnitResult
from tickloom.paths import text_path
from tickloom.specs import ReaderSpec, SourceOptions
from tickloom.store.commits.manifest import SourceEntry, parse_key
from tickloom.store.layout import PartitionKey

LEVELS = 4
"""How far above its file a unit is searched that consists of more than the file."""


def partitions_to_rebuild(
    sources: Iterable[Source],
    results: Mapping[int, UnitResult],
    known: Mapping[str, SourceEntry],
) -> set[PartitionKey]:
    """The partitions that changed sources had rows of, or have now. A source that has changed
    so that nothing can be read of it does not count: its old rows are better than none."""
    keys: set[PartitionKey] = set()
    for source in sources:
        result = results[source.number]
        before = known.get(source.key)
        if before is None or not (result.keys or is_same_content(before, result)):
            continue
        keys |= {parse_key(key) for key in before.partitions}
        keys |= result.keys
    return keys


def entries_below(known: Mapping[str, SourceEntry], paths: Iterable[Path]) -> list[SourceEntry]:
    """The sources with a file at or below one of ``paths``, which may be gone; raises
    :class:`UsageError` for a path that has none."""
    found: dict[str, SourceEntry] = {}
    for path in paths:
        mine = {
            key: entry
            for key, entry in known.items()
            if entry.partitions and text_path(entry.files[0].path).is_relative_to(path)
        }
        if not mine:
            raise UsageError(
                f"--without {path}: expected a source of the store, a file or a folder; it has "
                "no rows of any there. 'tickloom info' counts its sources"
            )
        found |= mine
    return list(found.values())


def taken_out(entry: SourceEntry) -> SourceEntry:
    """The entry of a source whose rows were taken out: packed again, it is like a new one."""
    return msgspec.structs.replace(
        entry, state="packed", settings="", rows=0, partitions=(), rejected=()
    )


def other_contributors(
    keys: Iterable[PartitionKey], done: Container[str], known: Mapping[str, SourceEntry]
) -> list[SourceEntry]:
    """The sources that have rows of ``keys``, but for those named ``done``, by key."""
    names = {str(key) for key in keys}
    return [
        known[key]
        for key in sorted(known)
        if key not in done and names.intersection(known[key].partitions)
    ]


class SourceGoneError(StoreError):
    """A source cannot be read again; the message says why."""


class SourceSearch:
    """Finds the units of the manifest's sources again. Each folder is looked at once."""

    def __init__(self, readers: Registry[ReaderSpec], options: SourceOptions) -> None:
        self._readers = readers
        self._options = options
        self._seen: dict[tuple[str, Path, Path | None], dict[str, Claim]] = {}

    def needed(self, entry: SourceEntry, mapping: Path | None, option: str) -> Claim:
        """The unit that ``entry`` describes, for the ``option`` that rebuilds partitions; raises
        :class:`StoreError`."""
        try:
            return self.find(entry, mapping)
        except SourceGoneError as error:
            raise StoreError(
                f"{option} needs {entry.files[0].path}, which has rows of the partitions to "
                f"rebuild; it {error}. Put it back, or pack without --replace, which only adds"
            ) from error

    def find(self, entry: SourceEntry, mapping: Path | None) -> Claim:
        """The unit that ``entry`` describes, read with ``mapping``; raises
        :class:`SourceGoneError`, whose message follows on the file's name, and
        :class:`UsageError` where the reader refuses the mapping."""
        offer = self._readers.known_offer(entry.reader)
        files = [text_path(file.path) for file in entry.files]
        gone = [path for path in files if not path.exists()]
        first = files[0]
        if gone:
            which = "is gone" if gone == [first] else f"needs {gone[0]}, which is gone"
            raise SourceGoneError(which)
        key = entry.key.removesuffix(f"|mapping={entry.inputs.get('mapping')}")
        refused: UsageError | None = None
        for place in (first, *first.parents[:LEVELS]):
            try:
                claim = self._units(offer, place, mapping).get(key)
            except UsageError as error:  # a look-up table may lie below the next folder up
                refused = refused or error
                continue
            if claim is not None:
                return claim
        raise refused or SourceGoneError(f"is no longer claimed by reader {offer.spec.name!r}")

    def _units(
        self, offer: Offer[ReaderSpec], place: Path, mapping: Path | None
    ) -> dict[str, Claim]:
        seen = offer.qualified, place, mapping
        if seen not in self._seen:
            options = replace(self._options, mapping=mapping)
            claims = [
                Claim(offer.qualified, offer.spec, unit, mapping)
                for unit in offer.spec.discover(place, options)
            ]
            self._seen[seen] = {unit_key(claim): claim for claim in claims}
        return self._seen[seen]
