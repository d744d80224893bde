"""What a source is read with beside its own files: a mapping, a calendar file, a dialect. The store
keeps a copy of the files, so that its sources can be read again."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from tickloom.errors import StoreError, UsageError
from tickloom.files import file_sha256
from tickloom.paths import path_text, text_path
from tickloom.store.commits.manifest import SourceEntry
from tickloom.store.layout import CONTROL_DIR, input_name

FORMAT: Final = "1"
"""Version of what :meth:`Inputs.noted` says: every source has it, so that those of 0.1.0, of which
nothing was noted, can be told from those that need nothing."""


DIALECT: Final = "dialect"
"""What the manifest calls :attr:`Inputs.dialect`."""


class Inputs(NamedTuple):
    """What the user named."""

    mapping: Path | None = None
    """The file of ``--mapping``."""

    calendar: Path | None = None
    """The file of ``--calendar``."""

    dialect: str = ""
    """The symbol dialect of ``--dialect``; empty for the reader's."""

    def files(self) -> dict[str, Path]:
        """The files that there are, by what they are."""
        named = {"mapping": self.mapping, "calendar": self.calendar}
        return {what: path for what, path in named.items() if path is not None}

    def noted(self) -> dict[str, str]:
        """What the manifest says of them. Raises :class:`UsageError` where one cannot be read."""
        said = {"format": FORMAT} | ({DIALECT: self.dialect} if self.dialect else {})
        for what, path in self.files().items():
            said |= {what: path_text(path), f"{what}_sha256": digest_of(what, path)}
        return said


def digest_of(what: str, path: Path) -> str:
    """The digest of the ``what`` (a mapping, say) at ``path``; raises :class:`UsageError`."""
    try:
        return file_sha256(path)
    except OSError as error:
        raise UsageError(f"{what} {path} cannot be read: {error.strerror}") from error


def inputs_of(entry: SourceEntry, store: Path) -> Inputs:
    """What ``entry`` was read with; files where they were, if they are what they were;
    otherwise the copies in ``store``.

    Raises :class:`StoreError` where one is neither here nor there.
    """
    files = {what: _found(entry, what, store) for what in ("mapping", "calendar")}
    return Inputs(**files, dialect=entry.inputs.get(DIALECT, ""))


def _found(entry: SourceEntry, what: str, store: Path) -> Path | None:
    named, digest = entry.inputs.get(what), entry.inputs.get(f"{what}_sha256", "")
    if named is None:
        return None
    path = text_path(named)
    for place in (path, store / CONTROL_DIR / input_name(path, digest)):
        if place.is_file() and file_sha256(place) == digest:
            return place
    raise StoreError(
        f"the {what} {path} that it was packed with has changed, and the store's copy is gone"
    )
