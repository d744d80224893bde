"""Sources that another version, or other settings, may read differently than those that packed
them. The new reading of a tick would stand beside the old one for ever, since packing only adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from tickloom.packing.sources.plan import Source
from tickloom.packing.sources.units import UnitResult
from tickloom.store.commits.manifest import SourceEntry

NAMED: Final = 8
"""Partitions that are named in a message; the others are counted."""


class Reread(NamedTuple):
    """A source that was read again."""

    entry: SourceEntry
    """What the manifest knows of it."""

    result: UnitResult
    """The new reading."""

    def problem(self, missing: int) -> str:
        """How the new reading differs, where the store lacks ``missing`` rows of it; empty where
        it may be merged. A file may have grown, and rows may have come out of the quarantine: so
        many rows more than before may be new to the store."""
        now = self.result.rows - sum(part.rows for part in self.result.rejected)
        before = self.entry.rows - sum(part.rows for part in self.entry.rejected)
        strange = missing - max(0, now - before)
        gone = before - now if is_same_content(self.entry, self.result) else 0
        if strange <= 0 and gone <= 0:
            return ""
        said = f"{strange:,} of its rows" if strange > 0 else f"{gone:,} rows that the store has"
        return (
            "it is read differently than by the version or the settings that it was packed with: "
            f"{said} {'are new' if strange > 0 else 'are not in it any more'}. Nothing of it is "
            "added beside the old reading; pack again with --replace to build its partitions "
            f"afresh: {self._partitions()}"
        )

    def _partitions(self) -> str:
        keys = sorted({*self.entry.partitions, *map(str, self.result.keys)})
        more = f" and {len(keys) - NAMED:,} more" if len(keys) > NAMED else ""
        return ", ".join(keys[:NAMED]) + more


def is_same_content(entry: SourceEntry, result: UnitResult) -> bool:
    """Whether the files of a source are what they were."""
    before = [file.sha256 for file in entry.files]
    return before == [file.sha256 for file in result.files]


def find_rereads(
    sources: Iterable[Source], results: Mapping[int, UnitResult], known: Mapping[str, SourceEntry]
) -> dict[int, Reread]:
    """The sources that the store has rows of by other versions or settings, by number."""
    found = {}
    for source in sources:
        entry = known.get(source.key)
        result = results[source.number]
        if not entry or not entry.partitions or entry.settings == source.settings:
            continue
        if result.keys or is_same_content(entry, result):
            found[source.number] = Reread(entry, result)
    return found
