"""What a source is, so that an unchanged one need not be read again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from tickloom.files import file_sha256
from tickloom.packing.sources.claims import Claim
from tickloom.paths import path_text, text_path
from tickloom.specs import Unit
from tickloom.store.commits.manifest import SourceEntry, SourceFile

PACK_VERSION: Final = 2
"""Version of the packer's meaning: a new one makes a store read its sources again."""


def unit_key(claim: Claim) -> str:
    """What names the unit, however it is read: reader, first path, name and details."""
    unit = claim.unit
    parts = [claim.spec.name, str(unit.paths[0].resolve()), unit.name]
    parts += [f"{name}={value}" for name, value in unit.detail]
    return path_text("|".join(parts))


def source_key(claim: Claim, known: Mapping[str, SourceEntry]) -> str:
    """What names the unit in the manifest, whose entries are ``known``: two mappings make two
    sources of one file. One of 0.1.0, which did not tell them apart, keeps its name."""
    plain = unit_key(claim)
    if claim.mapping is None:
        return plain
    entry, mapping = known.get(plain), path_text(claim.mapping)
    if entry and entry.inputs.get("mapping", "" if entry.inputs else mapping) == mapping:
        return plain
    return f"{plain}|mapping={mapping}"


def settings_digest(settings: Mapping[str, str]) -> str:
    """A digest of everything but the files that decides what becomes of a source."""
    text = msgspec.json.encode({**settings, "pack": str(PACK_VERSION)}, order="sorted")
    return hashlib.sha256(text).hexdigest()


def look_at(unit: Unit) -> tuple[SourceFile, ...]:
    """Size and time of the unit's files. Raises :class:`OSError`."""
    return tuple(_look(path) for path in unit.paths)


def _look(path: Path) -> SourceFile:
    found = path.stat()
    return SourceFile(
        path=path_text(path.resolve()), size=found.st_size, mtime_ns=found.st_mtime_ns
    )


def with_digests(files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """The same files with the SHA-256 of their content. Raises :class:`OSError`."""
    digests = [file_sha256(text_path(file.path)) for file in files]
    return tuple(
        msgspec.structs.replace(file, sha256=digest)
        for file, digest in zip(files, digests, strict=True)
    )


def unchanged(
    known: SourceEntry | None, files: tuple[SourceFile, ...], settings: str, *, rehash: bool
) -> bool:
    """Was the unit packed whole, from these files, with these settings?

    Size and time decide, the content where a time differs; with ``rehash`` always the content.
    """
    if known is None or known.state != "packed" or known.settings != settings:
        return False
    if [(f.path, f.size) for f in known.files] != [(f.path, f.size) for f in files]:
        return False
    same_times = [f.mtime_ns for f in known.files] == [f.mtime_ns for f in files]
    if same_times and not rehash:
        return True
    return [f.sha256 for f in known.files] == [f.sha256 for f in with_digests(files)]
