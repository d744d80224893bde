"""One kind of things that plugins offer, by name."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tickloom.errors import PluginError, PluginWarning, UnknownNameError
from tickloom.host.plugin import BUILT_IN, Failure, Plugin, normalised


class Named(Protocol):
    """Every spec has a name."""

    @property
    def name(self) -> str: ...


S = TypeVar("S", bound=Named)


@dataclass(frozen=True, slots=True)
class Offer(Generic[S]):
    """A spec and the plugin that offers it."""

    spec: S
    """What is offered."""

    plugin: Plugin
    """Who offers it."""

    @property
    def qualified(self) -> str:
        """``distribution:name``: always resolves."""
        return f"{self.plugin.distribution}:{self.spec.name}"


class Registry(Generic[S]):
    """What all plugins offer of one kind, sorted by name; nothing is ever picked silently."""

    def __init__(
        self, kind: str, hook: str, offers: Sequence[Offer[S]], plugins: Sequence[Plugin]
    ) -> None:
        self.kind = kind
        self._hook = hook
        self._offers = sorted(offers, key=lambda offer: (offer.spec.name, offer.qualified))
        self._plugins = plugins

    def __iter__(self) -> Iterator[Offer[S]]:
        return iter(self._offers)

    def __len__(self) -> int:
        return len(self._offers)

    def __contains__(self, name: object) -> bool:
        """Does anybody offer ``name``, or ``distribution:name``?"""
        return isinstance(name, str) and any(_matches(name, offer) for offer in self._offers)

    def names(self) -> list[str]:
        """The names that :meth:`get` takes, qualified where two plugins offer one name."""
        counts = Counter(offer.spec.name for offer in self._offers)
        return [o.spec.name if counts[o.spec.name] == 1 else o.qualified for o in self._offers]

    def get(self, name: str) -> S:
        """The spec called ``name`` or ``distribution:name``.

        Raises :class:`UnknownNameError` listing what there is, with a broken plugin as its cause
        if there is one, and :class:`PluginError` if two plugins offer the name.
        """
        return self.offer(name).spec

    def offer(self, name: str) -> Offer[S]:
        """Like :meth:`get`, with the plugin that offers it."""
        found = [offer for offer in self._offers if _matches(name, offer)]
        if len(found) == 1:
            return found[0]
        if found:
            raise PluginError(self._ambiguous(name, found))
        failures = self._failures(name)
        error = UnknownNameError(self.kind, name, self.names(), hint=self._hint(failures))
        raise error from (failures[0][1].error if failures else None)

    def known(self, name: str) -> S:
        """The spec of :meth:`known_offer`."""
        return self.known_offer(name).spec

    def known_offer(self, name: str) -> Offer[S]:
        """What tickloom itself means by ``name``: in a manifest, or in another spec.

        Of several plugins that offer it the built-in one, so that a plugin which takes such a name
        stops nobody but those who ask for it; they get a :class:`PluginWarning`.
        """
        found = [offer for offer in self._offers if _matches(name, offer)]
        own = [offer for offer in found if offer.plugin.distribution == BUILT_IN]
        if len(found) > 1 and len(own) == 1:
            self._tell_collision(own[0], found)
            return own[0]
        return self.offer(name)

    def _tell_collision(self, own: Offer[S], found: list[Offer[S]]) -> None:
        others = " and ".join(str(offer.plugin) for offer in found if offer is not own)
        warnings.warn(
            f"{self.kind} {own.spec.name!r} is offered by {others} too; {own.qualified} is used. "
            "'tickloom plugins doctor' says more",
            PluginWarning,
            stacklevel=3,
        )

    def _ambiguous(self, name: str, found: list[Offer[S]]) -> str:
        owners = " and ".join(f"{o.plugin} ({o.plugin.target})" for o in found)
        choices = sorted({offer.qualified for offer in found})
        if len(choices) < len(found):
            return (
                f"{self.kind} {name!r} is offered twice by one distribution, by {owners}; "
                "its authors must rename one"
            )
        return f"{self.kind} {name!r} is offered by {owners}; say which: {' or '.join(choices)}"

    def _failures(self, name: str) -> list[tuple[Plugin, Failure]]:
        """What kept plugins from offering this kind; first the one that ``name`` asks for."""
        general = ("metadata", "import", "registration", self._hook)
        failures = [
            (plugin, failure)
            for plugin in self._plugins
            for failure in plugin.failures
            if failure.where in general
        ]
        wanted = normalised(name.partition(":")[0])
        return sorted(failures, key=lambda each: each[0].distribution != wanted)

    def _hint(self, failures: list[tuple[Plugin, Failure]]) -> str:
        hints = []
        if failures:
            broken = "; ".join(f"{plugin}: {failure.cause}" for plugin, failure in failures)
            hints.append(
                f"Broken plugins may have offered it (see 'tickloom plugins doctor'): {broken}."
            )
        disabled = {str(p): p.disabled_by for p in self._plugins if p.disabled_by}
        if disabled:
            switches = " and ".join(sorted(set(disabled.values())))
            hints.append(f"Not loaded because of {switches}: {', '.join(disabled)}.")
        return " ".join(hints)


def _matches(name: str, offer: Offer[S]) -> bool:
    distribution, colon, spec_name = name.partition(":")
    if not colon:
        return name == offer.spec.name
    return (normalised(distribution), spec_name) == (
        offer.plugin.distribution,
        offer.spec.name,
    )
