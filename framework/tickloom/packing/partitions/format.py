"""Which writer a store's partitions are written by: the first pack says so, for good."""

from __future__ import annotations

from typing import Final

from tickloom.errors import UsageError
from tickloom.store.writer import StoreWriter

DEFAULT: Final = "parquet"
"""Writer of a store whose settings name none."""

SETTING: Final = "writer"
"""Name of the manifest's setting."""


def settle_writer(store: StoreWriter, wanted: str | None) -> str:
    """Name of the writer for ``store``; a new store takes the ``wanted`` one.

    Raises :class:`UsageError` where the store has another one.
    """
    settings = store.manifest.settings
    known = settings.get(SETTING, DEFAULT if store.manifest.partitions else None)
    if known and wanted and wanted != known:
        raise UsageError(
            f"the store {store.path} is written by {known!r}, not by {wanted!r}: leave --writer "
            "out, or pack into another store"
        )
    name = known or wanted or DEFAULT
    if name != settings.get(SETTING, DEFAULT):
        store.set_settings({**settings, SETTING: name})
    return name
