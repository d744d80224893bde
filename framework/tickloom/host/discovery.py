"""Finds the entry points of the group ``tickloom`` in installed distributions' metadata."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points

from tickloom.errors import PluginError
from tickloom.host.markers import PROJECT
from tickloom.host.plugin import Failure, Plugin, normalised


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin's record, and the entry point that loads it."""

    plugin: Plugin
    """Already failed where the distribution's metadata cannot be read."""

    entry: EntryPoint | None
    """None where the metadata is too broken to tell."""


def find_plugins() -> list[Found]:
    """All plugins that are installed, sorted by distribution and name.

    Of two distributions of one name, the first on ``sys.path`` counts, as it does for imports.
    """
    try:
        found = [_record(entry) for entry in entry_points(group=PROJECT)]
    except Exception:  # one malformed entry_points.txt, anybody's, ends importlib's own walk
        found = list(_walk_distributions())
    return sorted(found, key=lambda each: (each.plugin.distribution, each.plugin.name))


def installed_versions(distribution: str) -> list[str]:
    """Versions of a distribution that this environment holds; more than one is a leftover."""
    return sorted({_identity(each)[1] for each in distributions(name=distribution)})


def _record(entry: EntryPoint) -> Found:
    try:
        assert entry.dist is not None
        name, version = _identity(entry.dist)
    except Exception as error:
        return Found(_unreadable("unknown", entry.name, entry.value, error), entry)
    return Found(Plugin(entry.name, name, version, entry.value), entry)


def _walk_distributions() -> Iterable[Found]:
    seen = set()
    for distribution in distributions():
        try:
            name, version = _identity(distribution)
        except Exception:
            name, version = "unknown", "unknown"
        if name in seen:
            continue
        if name != "unknown":
            seen.add(name)
        try:
            entries = list(distribution.entry_points.select(group=PROJECT))
        except Exception as error:
            text = distribution.read_text("entry_points.txt") or ""
            if f"[{PROJECT}]" in text:
                yield Found(_unreadable(name, "?", "?", error, version), None)
            continue
        yield from (_record(entry) for entry in entries)


def _identity(distribution: Distribution) -> tuple[str, str]:
    """Normalised name and version; raises if the metadata does not tell."""
    name, version = distribution.metadata["Name"], distribution.metadata["Version"]
    if not name or not version:
        raise PluginError("METADATA must state Name and Version")
    return normalised(name), version


def _unreadable(
    distribution: str, name: str, target: str, error: Exception, version: str = "unknown"
) -> Plugin:
    problem = PluginError(
        "the distribution's METADATA and entry_points.txt must be readable; found "
        f"{type(error).__name__}: {error}"
    )
    remedy = "reinstall the distribution: pip install --force-reinstall NAME"
    if distribution != "unknown":
        remedy = f"reinstall it: pip install --force-reinstall {distribution}"
    failure = Failure("metadata", problem, remedy)
    return Plugin(name, distribution, version, target, failures=[failure])
