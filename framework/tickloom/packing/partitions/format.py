"""Which writer a store's partitions are written by: the first pack says so, for good."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tickloom.errors import PluginError, UsageError
from tickloom.host import get_host
from tickloom.host.plugin import BUILT_IN
from tickloom.store.partitions.formats import format_of
from tickloom.store.writer import StoreWriter

DEFAULT: Final = "parquet"
"""Writer of a store whose settings name none."""

SETTING: Final = "writer"
"""Name of the manifest's setting."""


def choose_writer(store: StoreWriter, wanted: str | None) -> str:
    """Name of the writer for ``store``; a new store takes the ``wanted`` one.

    Raises :class:`UsageError` where the store has another one.
    """
    settings = store.manifest.settings
    known = settings.get(SETTING, DEFAULT if store.manifest.partitions else None)
    writers = get_host().writers
    if known and wanted and writers.get(wanted) != writers.known(known):
        raise UsageError(
            f"the store {store.path} is written by {known!r}, not by {wanted!r}: leave --writer "
            "out, or pack into another store"
        )
    name = known or (_checked(wanted) if wanted else DEFAULT)
    if name != settings.get(SETTING, DEFAULT):
        store.set_settings({**settings, SETTING: name})
    return name


def _checked(wanted: str) -> str:
    """How the manifest names the writer that is asked for as ``wanted``.

    Raises :class:`PluginError` for one whose files another plugin's writer would be taken for.
    """
    offer = get_host().writers.offer(wanted)
    suffix = offer.spec.suffix
    if format_of(Path(f"part{suffix}")) != offer.spec:
        raise PluginError(
            f"writer {offer.qualified} writes {suffix} files, which tickloom's own writer reads; "
            "its authors must give it a suffix of its own"
        )
    return (
        offer.qualified
        if ":" in wanted and offer.plugin.distribution != BUILT_IN
        else offer.spec.name
    )
