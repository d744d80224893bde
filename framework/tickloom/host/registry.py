"""One kind of things that plugins offer, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tickloom.errors import PluginError, UnknownNameError
from tickloom.host.loader import Plugin


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

    def __init__(self, what: str, offers: list[Offer[S]], failed: list[Plugin]) -> None:
        self._what = what
        self._offers = sorted(offers, key=lambda offer: (offer.spec.name, offer.qualified))
        self._failed = failed

    def __iter__(self) -> Iterator[Offer[S]]:
        return iter(self._offers)

    def __len__(self) -> int:
        return len(self._offers)

    def names(self) -> list[str]:
        """The names that :meth:`get` takes, qualified where two plugins offer one name."""
        counts: dict[str, int] = {}
        for offer in self._offers:
            counts[offer.spec.name] = counts.get(offer.spec.name, 0) + 1
        return [o.spec.name if counts[o.spec.name] == 1 else o.qualified for o in self._offers]

    def get(self, name: str) -> S:
        """The spec called ``name`` or ``distribution:name``.

        Raises :class:`UnknownNameError` listing what there is, with a broken plugin as its cause
        if there is one, and :class:`PluginError` if two plugins offer the name.
        """
        return self.offer(name).spec

    def offer(self, name: str) -> Offer[S]:
        """Like :meth:`get`, with the plugin that offers it."""
        found = [o for o in self._offers if name in (o.spec.name, o.qualified)]
        if len(found) == 1:
            return found[0]
        if found:
            owners = " and ".join(str(o.plugin) for o in found)
            choices = " or ".join(sorted({o.qualified for o in found}))
            raise PluginError(f"{self._what} {name!r} is offered by {owners}; say which: {choices}")
        error = UnknownNameError(self._what, name, self.names(), hint=self._failures())
        raise error from (self._failed[0].error if self._failed else None)

    def _failures(self) -> str:
        if not self._failed:
            return ""
        broken = ", ".join(str(plugin) for plugin in self._failed)
        return f"Broken plugins may have offered it: {broken}; see 'tickloom plugins doctor'."
