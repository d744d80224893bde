"""Notes in the manifest what became of each source, as soon as all its partitions are committed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from pathlib import Path

import msgspec

from tickloom.packing.sources.plan import Source
from tickloom.packing.sources.units import UnitResult
from tickloom.paths import legible, path_text, text_path
from tickloom.store.commits.manifest import Rejection, SourceEntry
from tickloom.store.layout import PartitionKey
from tickloom.store.writer import StoreWriter


def forgotten(
    known: Mapping[str, SourceEntry], there: Container[str], folders: Iterable[Path]
) -> list[SourceEntry]:
    """Quarantined sources that are no longer where they were, below ``folders``: nothing of them
    remains to be tried again. Should one come back, it is read like a new one. ``there`` are the
    keys of those that were found."""
    within = tuple(folders)
    return [
        msgspec.structs.replace(entry, state="packed", settings="", rejected=())
        for entry in known.values()
        if entry.state == "quarantined"
        and entry.key not in there
        and any(text_path(file.path).is_relative_to(f) for file in entry.files for f in within)
        and not all(text_path(file.path).exists() for file in entry.files)
    ]


class SourceLog:
    """The sources of one pack and the partitions that they wait for."""

    def __init__(
        self, store: StoreWriter, sources: Iterable[Source], results: Mapping[int, UnitResult]
    ) -> None:
        self._store = store
        self._sources = {source.number: source for source in sources}
        self._results = results
        self._waits_for = {n: result.keys for n, result in results.items()}
        self._waiting: dict[PartitionKey, list[int]] = defaultdict(list)
        for number, keys in self._waits_for.items():
            for key in keys:
                self._waiting[key].append(number)

    def record_empty(self) -> None:
        """Note the sources that no partition has rows of."""
        self._record(number for number, keys in self._waits_for.items() if not keys)

    def committed(self, key: PartitionKey) -> None:
        """The partition ``key`` is in the store; note the sources that waited for it last."""
        ready = []
        for number in self._waiting.pop(key, ()):
            self._waits_for[number].discard(key)
            if not self._waits_for[number]:
                ready.append(number)
        self._record(ready)

    def _record(self, numbers: Iterable[int]) -> None:
        self._store.record_sources([self._entry(number) for number in numbers])

    def _entry(self, number: int) -> SourceEntry:
        source, result = self._sources[number], self._results[number]
        return SourceEntry(
            key=source.key,
            files=result.files,
            reader=source.claim.spec.name,
            settings=source.settings,
            state="quarantined" if result.rejected else "packed",
            rows=result.rows,
            partitions=tuple(sorted(map(str, result.keys))),
            rejected=self._rejections(source, result),
            inputs=source.inputs,
        )

    def _rejections(self, source: Source, result: UnitResult) -> tuple[Rejection, ...]:
        name = hashlib.sha256(source.key.encode()).hexdigest()[:24]
        kept: dict[Path | None, tuple[str, str]] = {None: ("", "")}
        for part in result.rejected:
            if part.kept is not None and part.kept not in kept:
                target = f"{name}-{len(kept) - 1}.parquet"
                kept[part.kept] = self._store.keep_rejected(part.kept, target)
        return tuple(
            Rejection(path_text(part.path), legible(part.reason), part.rows, *kept[part.kept])
            for part in result.rejected
        )
