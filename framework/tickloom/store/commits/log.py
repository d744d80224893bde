"""The manifest's log: one checksummed line for each change since the snapshot.

A line is 32 hexadecimal digits (the first half of the SHA-256 of what follows the space), a space,
a JSON object and a newline. Appending and fsyncing it is the commit: O(1) however large the store.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tickloom.schema import Column
from tickloom.store.commits.manifest import (
    DamagedError,
    Manifest,
    PartitionEntry,
    SourceEntry,
    parse_key,
)
from tickloom.store.layout import PartitionKey

_DIGEST = 32


class Commit(msgspec.Struct, frozen=True, tag="commit"):
    """A partition is now this one."""

    seq: int
    key: str
    entry: PartitionEntry
    data: str
    """Staged file, relative to the control folder; where it is gone, it was renamed."""
    index: str
    """Staged contract index, relative to the control folder."""
    obsolete: str = ""
    """The partition's former file where that has another name, relative to the store."""


class Remove(msgspec.Struct, frozen=True, tag="remove"):
    """A partition is no more."""

    seq: int
    key: str
    file: str


class Sources(msgspec.Struct, frozen=True, tag="sources"):
    """These sources are now known, or known anew."""

    seq: int
    entries: tuple[SourceEntry, ...]


class Describe(msgspec.Struct, frozen=True, tag="describe"):
    """How the store is made; None leaves a part as it was."""

    seq: int
    packer: str
    columns: tuple[Column, ...] | None = None
    settings: dict[str, str] | None = None
    plugins: dict[str, str] | None = None
    series: dict[str, tuple[Column, ...]] | None = None


Record = Commit | Remove | Sources | Describe


@dataclass(slots=True)
class State:
    """A manifest with its log applied, and what the log left to be done."""

    manifest: Manifest
    """Snapshot and log together."""

    staged: dict[PartitionKey, Commit] = field(default_factory=dict)
    """The last commit of each partition in the log: its renames may be outstanding."""

    removed: dict[PartitionKey, Remove] = field(default_factory=dict)
    """Partitions that the log removes: their files may still be there."""

    log_size: int = 0
    """Bytes of whole lines in the log; what follows them is torn."""


def encode_record(record: Record) -> bytes:
    """The log line of ``record``."""
    body = msgspec.json.encode(record)
    return hashlib.sha256(body).hexdigest()[:_DIGEST].encode() + b" " + body + b"\n"


def read_state(manifest_path: Path, log_path: Path) -> State:
    """Manifest and log as they are on disk.

    The log is read first: a packer that folds it into a new snapshot in between leaves lines that
    the snapshot already holds, and those are skipped. Raises :class:`StoreError` for damage and
    :class:`FileNotFoundError` where there is no manifest.
    """
    try:
        log = log_path.read_bytes()
    except FileNotFoundError:
        log = b""
    state = State(Manifest.decode(manifest_path.read_bytes(), str(manifest_path)))
    for record in _records(log, state, str(log_path)):
        try:
            apply(record, state)
        except ValueError as error:
            raise DamagedError(str(log_path), str(error)) from error
    return state


def apply(record: Record, state: State) -> None:
    """Bring ``state`` up to date with ``record``; one that it already holds changes nothing."""
    manifest = state.manifest
    if record.seq <= manifest.seq:
        return
    if record.seq != manifest.seq + 1:
        raise ValueError(f"change {manifest.seq + 1} is missing; change {record.seq} follows")
    manifest.seq = record.seq
    match record:
        case Commit():
            key = parse_key(record.key)
            manifest.partitions[key] = record.entry
            state.staged[key] = record
            state.removed.pop(key, None)
        case Remove():
            key = parse_key(record.key)
            manifest.partitions.pop(key, None)
            state.staged.pop(key, None)
            state.removed[key] = record
        case Sources():
            manifest.sources.update((entry.key, entry) for entry in record.entries)
        case Describe():
            _describe(manifest, record)


def _describe(manifest: Manifest, record: Describe) -> None:
    manifest.packer = record.packer
    if record.columns is not None:
        manifest.columns = record.columns
    if record.settings is not None:
        manifest.settings = record.settings
    if record.plugins is not None:
        manifest.plugins = record.plugins
    if record.series is not None:
        manifest.series = record.series


def _records(log: bytes, state: State, name: str) -> list[Record]:
    whole, newline, tail = log.rpartition(b"\n")
    records: list[Record] = []
    lines = whole.split(b"\n") if newline else []
    for number, line in enumerate(lines, 1):
        try:
            records.append(_decode(line))
        except (ValueError, msgspec.DecodeError) as error:
            # Power loss can leave a last line with its end and without its middle: pages that were
            # never written read as zeros. Any other wrong line was once whole.
            if number == len(lines) and not tail and b"\0" in line:
                break
            raise DamagedError(name, f"line {number}: {error}") from error
        state.log_size += len(line) + 1
    return records


def _decode(line: bytes) -> Record:
    digest, space, body = line[:_DIGEST], line[_DIGEST : _DIGEST + 1], line[_DIGEST + 1 :]
    if space != b" " or hashlib.sha256(body).hexdigest()[:_DIGEST].encode() != digest:
        raise ValueError("its checksum does not match its content")
    record: Record = msgspec.json.decode(body, type=Record)
    return record
