"""What ``plugins list`` shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tickloom.host.host import Host
from tickloom.host.plugin import State


@dataclass(frozen=True, slots=True)
class PluginRow:
    """One plugin, as ``plugins list --json`` prints it."""

    name: str
    """Name of the entry point."""

    distribution: str
    """Distribution that ships it, normalised name."""

    version: str
    """Version of the distribution."""

    target: str
    """``module`` or ``module:object`` that the entry point names."""

    state: State
    """``loaded``, ``failed`` or ``disabled``."""

    offers: dict[str, dict[str, str]]
    """Kind (``reader``, ``kernel``, ...) to the names it offers, sorted, each with its summary."""

    problems: list[str]
    """Causes of its failures, or the switch that disables it."""

    import_seconds: float
    """How long its import took, seconds."""


def describe(host: Host) -> list[PluginRow]:
    """One row a plugin, sorted by distribution and name. Calls every hook."""
    offers: dict[str, dict[str, dict[str, str]]] = {plugin.id: {} for plugin in host.plugins}
    for registry in host.registries():
        for offer in registry:
            of_kind = offers[offer.plugin.id].setdefault(registry.kind, {})
            of_kind[offer.spec.name] = _summary(offer.spec)
    return [
        PluginRow(
            name=plugin.name,
            distribution=plugin.distribution,
            version=plugin.version,
            target=plugin.target,
            state=plugin.state,
            offers=offers[plugin.id],
            problems=[failure.cause for failure in plugin.failures]
            or [f"disabled by {plugin.disabled_by}"] * bool(plugin.disabled_by),
            import_seconds=round(plugin.import_seconds, 3),
        )
        for plugin in host.plugins
    ]


def _summary(spec: Any) -> str:
    extra = getattr(spec, "extra_columns", ())
    columns = f" Columns of its own: {', '.join(extra)}." if extra else ""
    return f"{spec.summary}{columns}"
