"""``tickloom adopt``: a manifest and indexes for files that have none."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import msgspec

from tickloom.errors import Interrupted, UsageError
from tickloom.files import SYSTEM, FileLayer, file_sha256
from tickloom.paths import local_path
from tickloom.progress import Progress, untold
from tickloom.store.commits.control import ControlFolder
from tickloom.store.commits.log import State
from tickloom.store.commits.manifest import DamagedError, Manifest
from tickloom.store.commits.session import WriteSession, as_store_errors
from tickloom.store.foreign.adoption import Adoption
from tickloom.store.foreign.names import NameReader

ASIDE = ".damaged"
"""What a damaged manifest's name gets added when it is rebuilt."""


@dataclass(slots=True)
class AdoptReport:
    """What ``adopt`` did."""

    files: int
    """Partition files in the manifest now."""

    rows: int
    """Their rows."""

    adopted: int
    """Files that the manifest did not know."""

    refreshed: int
    """Files whose time changed and whose bytes did not, as in a copied store."""

    forgotten: int
    """Partitions whose file is gone: they and their sources left the manifest, so that the next
    pack reads those sources again."""

    unnamed: int
    """Contracts of adopted files whose trading symbol could not be read."""


def adopt_store(
    path: Path,
    *,
    rebuild: bool = False,
    reader: str = "",
    wait: float = 0.0,
    progress: Progress = untold,
    files: FileLayer = SYSTEM,
) -> AdoptReport:
    """Take every partition file at ``path`` that no manifest knows into one; ``progress`` counts
    them.

    ``reader`` names the reader whose calendar reads the trading symbols. ``rebuild`` sets a damaged
    manifest aside first; the sources that it knew are forgotten, and packed again they change
    nothing. Raises :class:`StoreError` naming the files that cannot be adopted; then nothing is
    changed.
    """
    session = WriteSession.open(path, wait=wait, files=files)
    try:
        with as_store_errors(path):
            state = _state(session.control, rebuild, files)
            refreshed = _refresh(path, state.manifest)
            forgotten = _forget_missing(path, state.manifest, files)
            adoption = Adoption(
                session, state.manifest, names=NameReader(reader), progress=progress
            )
            taken = adoption.run()
    except Interrupted as error:
        error.summary = "nothing was adopted"
        raise
    finally:
        session.release()
    return AdoptReport(
        files=len(state.manifest.partitions),
        rows=sum(entry.rows for entry in state.manifest.partitions.values()),
        adopted=len(taken),
        refreshed=refreshed,
        forgotten=forgotten,
        unnamed=adoption.unnamed,
    )


def _state(control: ControlFolder, rebuild: bool, files: FileLayer) -> State:
    """The manifest to add to; an empty one where there is none, or a damaged one was set aside."""
    try:
        state = control.read()
    except FileNotFoundError:
        control.clean()
        return State(Manifest())
    except DamagedError:
        if not rebuild:
            raise
        for path in (control.log, control.manifest):
            if path.exists():
                files.rename(path, path.with_name(path.name + ASIDE))
        files.fsync_dir(control.path)
        control.clean()
        return State(Manifest())
    if rebuild:
        raise UsageError(
            f"{control.manifest} is whole: there is nothing to rebuild. Without --rebuild, adopt "
            "takes files that the manifest does not know"
        )
    control.recover(state)
    return state


def _refresh(store: Path, manifest: Manifest) -> int:
    """Note the times of files that have other ones and the same bytes; how many there are."""
    count = 0
    for key, entry in manifest.partitions.items():
        path = store / entry.file
        if not path.exists():
            continue
        found = path.stat()
        if found.st_mtime_ns != entry.mtime_ns and file_sha256(path) == entry.sha256:
            manifest.partitions[key] = msgspec.structs.replace(entry, mtime_ns=found.st_mtime_ns)
            count += 1
    return count


def _forget_missing(store: Path, manifest: Manifest, files: FileLayer) -> int:
    """Take partitions without a file out of the manifest, with the sources that have rows of them;
    how many there are."""
    missing = [key for key, e in manifest.partitions.items() if not (store / e.file).exists()]
    for key in missing:
        del manifest.partitions[key]
        files.unlink(store / key.index)
    names = {str(key) for key in missing}
    for name in [n for n, s in manifest.sources.items() if names.intersection(s.partitions)]:
        del manifest.sources[name]
    return len(missing)


def adopt(
    store: str | PathLike[str],
    *,
    reader: str = "",
    rebuild: bool = False,
    wait: float = 0.0,
    progress: Progress = untold,
) -> AdoptReport:
    """Make the partition files of ``store`` that no manifest knows part of a managed store.

    The files stay as they are; they must be sorted and whole. ``reader`` names the reader whose
    calendar reads the trading symbols in them, ``rebuild`` sets a damaged manifest aside and builds
    a new one, ``wait`` is how many seconds to wait for another writer. ``progress`` counts files.
    Raises :class:`StoreError` naming the files that cannot be adopted; then nothing is changed.
    """
    path = local_path(store)
    return adopt_store(path, reader=reader, rebuild=rebuild, wait=wait, progress=progress)
