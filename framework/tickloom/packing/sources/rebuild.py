"""``--replace``: partitions built afresh from the sources that the manifest names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tickloom.errors import StoreError
from tickloom.host.registry import Registry
from tickloom.packing.sources.claims import Claim
from tickloom.packing.sources.identity import unit_key
from tickloom.packing.sources.plan import Source
from tickloom.packing.sources.units import UnitResult
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
    """The partitions that changed sources had rows of, or have now. A source of which nothing can
    be read any more does not count: its old rows are better than none."""
    keys: set[PartitionKey] = set()
    for source in sources:
        result = results[source.number]
        before = known.get(source.key)
        if before is None or not result.bins:
            continue
        keys |= {parse_key(key) for key in before.partitions}
        keys |= {found.key for found in result.bins}
    return keys


def other_contributors(
    keys: Iterable[PartitionKey], read: Iterable[Source], known: Mapping[str, SourceEntry]
) -> list[SourceEntry]:
    """The sources that have rows of ``keys`` and were not read yet, by key."""
    names = {str(key) for key in keys}
    done = {source.key for source in read}
    return [
        known[key]
        for key in sorted(known)
        if key not in done and names.intersection(known[key].partitions)
    ]


def find_again(entry: SourceEntry, readers: Registry[ReaderSpec], options: SourceOptions) -> Claim:
    """The unit that ``entry`` describes; raises :class:`StoreError` if it is gone."""
    offer = readers.offer(entry.reader)
    first = Path(entry.files[0].path)
    for place in (first, *first.parents[:LEVELS]):
        if not place.exists():
            continue
        for unit in offer.spec.discover(place, options):
            claim = Claim(offer.qualified, offer.spec, unit)
            if unit_key(claim) == entry.key and all(path.exists() for path in unit.paths):
                return claim
    raise StoreError(
        f"--replace needs {first}, which has rows of the partitions to rebuild; it is gone. Put it "
        "back, or pack without --replace, which only adds"
    )
