"""Which reader reads which files of the sources."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from tickloom.errors import PluginError, UsageError
from tickloom.host.folder import kept_folder
from tickloom.host.registry import Offer, Registry
from tickloom.specs import ReaderSpec, SourceOptions, Unit

MOST_UNITS: Final = 2_000_000
"""Units that a reader may find in one source."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A unit and the reader that reads it."""

    reader: str
    """Qualified name of the reader, ``distribution:name``."""

    spec: ReaderSpec
    """The reader."""

    unit: Unit
    """What it claims."""

    mapping: Path | None = None
    """The mapping that it is read with."""


@dataclass(frozen=True, slots=True)
class FailedReader:
    """A reader that failed while it looked for its files: what it would have claimed is unknown."""

    source: Path
    """Where it looked."""

    reason: str
    """Which reader, and what it raised."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What the sources consist of."""

    claims: tuple[Claim, ...]
    """One for each unit, by reader and path."""

    ignored: int
    """Number of files that no reader claims."""

    failed: tuple[FailedReader, ...]
    """Readers that failed while they looked for files."""


def find_claims(
    sources: Sequence[Path],
    readers: Registry[ReaderSpec],
    only: str | None,
    options: SourceOptions,
    store: Path,
) -> Claims:
    """Ask the readers (or the one called ``only``) what they make of the sources.

    A reader that fails does not stop the others. Raises :class:`UsageError` where a source does
    not exist, where two readers claim one file, and where nobody claims any; and
    :class:`PluginError` where the reader called ``only`` fails.
    """
    offers = [readers.offer(only)] if only else list(readers)
    store = store.resolve()
    for source in sources:
        _check_source(source, store)
    owners: dict[Path, Claim] = {}
    claims: dict[tuple[str, Unit], Claim] = {}
    failed: list[FailedReader] = []
    for source in sources:
        for claim in _claims_of(source, offers, options, failed):
            if any(_is_within(path, store) for path in claim.unit.paths):
                continue
            claims.setdefault((claim.reader, claim.unit), claim)
            for path in claim.unit.paths:
                other = owners.setdefault(path, claim)
                if other.reader != claim.reader:
                    raise UsageError(
                        f"{path} is claimed by readers {other.reader} and {claim.reader}; say "
                        "which with --reader"
                    )
    if failed and (only or not claims):
        raise PluginError("; ".join(failure.reason for failure in failed))
    files = {path for source in sources for path in _files(source, store)}
    if not claims:
        names = ", ".join(offer.spec.name for offer in offers) or "none"
        raise UsageError(
            f"no reader claims any of the {len(files)} files in "
            f"{', '.join(map(str, sources))}; readers asked: {names}. Some need a --mapping"
        )
    return Claims(tuple(claims.values()), len(files - set(owners)), tuple(failed))


def _claims_of(
    source: Path,
    offers: Iterable[Offer[ReaderSpec]],
    options: SourceOptions,
    failed: list[FailedReader],
) -> Iterator[Claim]:
    for offer in offers:
        try:
            with kept_folder():
                units = list(islice(offer.spec.discover(source, options), MOST_UNITS + 1))
            if len(units) > MOST_UNITS:
                raise PluginError(f"it yields more than {MOST_UNITS:,} units; it may never end")
            for unit in units:
                _check_unit(unit)
        except (UsageError, KeyboardInterrupt):
            raise
        except BaseException as error:  # SystemExit too: one plugin's fault stays its own
            reason = (
                f"reader {offer.qualified} of {offer.plugin} failed while it looked at {source}: "
                f"{type(error).__name__}: {error}. Upgrade it, or say --reader to leave it out"
            )
            failed.append(FailedReader(source, reason))
            continue
        yield from (Claim(offer.qualified, offer.spec, unit, options.mapping) for unit in units)


def _check_unit(unit: object) -> None:
    if not isinstance(unit, Unit):
        raise PluginError(f"expected Unit objects, found {type(unit).__name__}")
    paths: object = unit.paths
    if not paths or not isinstance(paths, tuple) or not all(isinstance(p, Path) for p in paths):
        raise PluginError(f"expected a Unit with a tuple of at least one Path; found {paths!r}")
    texts: list[object] = [unit.name, *(text for pair in unit.detail for text in pair)]
    if not all(isinstance(text, str) for text in texts):
        raise PluginError(f"expected a Unit whose name and details are strings; found {unit!r}")


def _check_source(source: Path, store: Path) -> None:
    if not source.exists():
        raise UsageError(f"source {source} does not exist")
    if _is_within(source, store):
        raise UsageError(f"source {source} lies within the store {store}; name the raw files")


def _is_within(path: Path, resolved: Path) -> bool:
    return path.resolve().is_relative_to(resolved)


def _files(source: Path, store: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    for folder, folders, names in os.walk(source):
        if _is_within(Path(folder), store):
            folders.clear()
            continue
        yield from (Path(folder, name) for name in names)
