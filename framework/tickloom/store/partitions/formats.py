"""Which writer plugin a partition file belongs to."""

from __future__ import annotations

from pathlib import Path

from tickloom.errors import StoreError
from tickloom.host import get_host
from tickloom.host.plugin import BUILT_IN
from tickloom.specs import WriterSpec


def format_of(path: Path) -> WriterSpec:
    """The writer whose suffix ``path`` has; raises :class:`StoreError` if there is none."""
    offers = [offer for offer in get_host().writers if offer.spec.suffix == path.suffix]
    own = [offer for offer in offers if offer.plugin.distribution == BUILT_IN]
    if len(offers) == 1 or len(own) == 1:  # a plugin's taking a built-in suffix stops nobody
        return (own or offers)[0].spec
    known = ", ".join(sorted({offer.spec.suffix for offer in get_host().writers})) or "none"
    if offers:
        named = " and ".join(f"{offer.qualified} ({offer.plugin})" for offer in offers)
        raise StoreError(f"{path}: both {named} write {path.suffix} files; disable one of them")
    raise StoreError(
        f"{path}: no plugin reads {path.suffix or 'suffix-less'} files; known suffixes: {known}"
    )
