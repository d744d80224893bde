"""The manifest: which partitions and sources a store holds, and how it was made.

``manifest.json`` is one JSON object ``{"format", "sha256", "body"}``; the digest is of the format
and the body's bytes, and the file is the canonical encoding of its own content, so that every
changed bit shows. docs/store-format.md describes it.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Final, Literal

import msgspec

from tickloom.errors import StoreError
from tickloom.schema import STORED_COLUMNS, Column
from tickloom.store.layout import SERIES, PartitionKey

MANIFEST_FORMAT: Final = 2
"""The newest version of the format that this tickloom reads and writes."""

WITHOUT_SERIES: Final = 1
"""Version of a store that has options alone. What a store holds decides its version, not who wrote
it or what it held before: so the same rows give the same manifest, and a store that a reader of
version 1 understands whole stays one for it."""

SourceState = Literal["packed", "quarantined"]


class Disagreements(msgspec.Struct, frozen=True):
    """Where the sources of a partition disagree: rows that stand beside others of their second."""

    rows: int
    """Number of rows."""

    columns: tuple[str, ...]
    """Columns that differ, those of most rows first."""

    sources: tuple[str, ...]
    """Paths of sources that have rows there, as far as that is known."""

    example: str
    """One of the rows, for people."""


class PartitionEntry(msgspec.Struct, frozen=True):
    """One partition as it was committed."""

    file: str
    """Its file, relative to the store, with forward slashes."""

    rows: int
    """Number of rows."""

    contracts: int
    """Number of contracts."""

    size: int
    """Size of the file, bytes."""

    mtime_ns: int
    """Modification time of the file, nanoseconds since 1970."""

    sha256: str
    """Digest of the file's bytes, hexadecimal."""

    index_sha256: str
    """Digest of the contract index's bytes, hexadecimal."""

    adopted: bool = False
    """True where another tool wrote the file: its text columns may be plain strings."""

    disagreements: Disagreements | None = None
    """Where its sources disagree; None where they do not, as far as anybody looked."""


class SourceFile(msgspec.Struct, frozen=True):
    """The identity of one raw file."""

    path: str
    """Absolute path when it was read."""

    size: int
    """Size, bytes."""

    mtime_ns: int
    """Modification time, nanoseconds since 1970."""

    sha256: str = ""
    """Digest of its bytes, hexadecimal; empty where it could not be read."""


class Rejection(msgspec.Struct, frozen=True):
    """Input that the store could not take: a whole file, or rows of one."""

    path: str
    """The raw file that it is from."""

    reason: str
    """What was expected and what was found."""

    rows: int = 0
    """Number of rows lost to it; 0 where nobody can tell."""

    file: str = ""
    """Parquet file below the control folder that keeps the rows; empty where there are none."""

    sha256: str = ""
    """Digest of that file's bytes, hexadecimal."""


class SourceEntry(msgspec.Struct, frozen=True):
    """One unit of a reader and what became of it."""

    key: str
    """What names the unit: the same unit has the same key in every pack."""

    files: tuple[SourceFile, ...]
    """The files that it consists of."""

    reader: str
    """Name of the reader that read it."""

    settings: str
    """Digest of everything else that decides what becomes of it: versions and settings of
    reader, transforms and calendar."""

    state: SourceState
    """``packed``, or ``quarantined``: the next pack tries it again."""

    rows: int = 0
    """Rows read from it, quarantined ones included."""

    partitions: tuple[str, ...] = ()
    """Partitions that have rows of it, as ``DATE/UNDERLYING``."""

    rejected: tuple[Rejection, ...] = ()
    """What of it was not taken."""

    inputs: dict[str, str] = {}
    """What is needed to read it again, beside its files: ``mapping`` and ``calendar`` are the paths
    of such files, ``mapping_sha256`` and ``calendar_sha256`` the digests of their content, which
    the control folder keeps; empty for sources of 0.1.0."""


class _Body(msgspec.Struct):
    """What ``manifest.json`` holds, apart from its checksum."""

    seq: int
    packer: str
    columns: tuple[Column, ...] | None
    settings: dict[str, str]
    plugins: dict[str, str]
    partitions: dict[str, PartitionEntry]
    sources: msgspec.Raw
    series: dict[str, tuple[Column, ...]] | msgspec.UnsetType = msgspec.UNSET


class _Envelope(msgspec.Struct):
    format: int
    sha256: str
    body: msgspec.Raw


class Manifest:
    """The live manifest. Only a :class:`StoreWriter` changes it; treat it as read-only."""

    def __init__(self) -> None:
        self.seq: int = 0
        """Number of the last change that it holds."""
        self.packer: str = ""
        """Version of the tickloom that wrote last."""
        self.columns: tuple[Column, ...] | None = None
        """Columns beyond the 58, fixed by the first pack; None before it."""
        self.series: dict[str, tuple[Column, ...]] = {}
        """All columns of each series, such as ``NIFTY/spot``, fixed by its first pack."""
        self.settings: dict[str, str] = {}
        """Settings of the last pack."""
        self.plugins: dict[str, str] = {}
        """Distribution to version of the plugins that were loaded when it was written."""
        self.partitions: dict[PartitionKey, PartitionEntry] = {}
        """The partitions, in no particular order."""
        self._sources: dict[str, SourceEntry] | None = {}
        self._raw_sources = msgspec.Raw(b"{}")

    @property
    def format(self) -> int:
        """Version of the format that the store needs."""
        return MANIFEST_FORMAT if self.series else WITHOUT_SERIES

    def columns_of(self, key: PartitionKey) -> tuple[Column, ...]:
        """All columns of the partition ``key``, in their order on disk."""
        if key.series:
            return self.series.get(key.series, ())
        return (*STORED_COLUMNS, *(self.columns or ()))

    @property
    def sources(self) -> dict[str, SourceEntry]:
        """The sources by key. Decoded when first asked for: a run never needs them, and a store
        can have 85,000."""
        if self._sources is None:
            self._sources = msgspec.json.decode(self._raw_sources, type=dict[str, SourceEntry])
        return self._sources

    def encode(self) -> bytes:
        """The bytes of ``manifest.json``."""
        sources = self._raw_sources
        if self._sources is not None:
            sources = msgspec.Raw(msgspec.json.encode(self._sources, order="sorted"))
        body = _Body(
            seq=self.seq,
            packer=self.packer,
            columns=self.columns,
            settings=dict(sorted(self.settings.items())),
            plugins=dict(sorted(self.plugins.items())),
            partitions={str(key): self.partitions[key] for key in sorted(self.partitions)},
            sources=sources,
            series=dict(sorted(self.series.items())) or msgspec.UNSET,
        )
        return seal(msgspec.json.encode(body), self.format)

    @classmethod
    def decode(cls, data: bytes, name: str) -> Manifest:
        """The manifest in ``data``; ``name`` is for messages.

        Raises :class:`StoreError` if a bit of it changed, or if its format is newer.
        """
        try:
            envelope = msgspec.json.decode(data, type=_Envelope)
            # Before the format: a flipped bit in its number must not look like a newer one.
            if seal(bytes(envelope.body), envelope.format) != data:
                raise DamagedError(name, "its checksum does not match its content")
            check_format(envelope.format, name)
            body = msgspec.json.decode(envelope.body, type=_Body)
            partitions = {parse_key(key): entry for key, entry in body.partitions.items()}
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise DamagedError(name, f"it cannot be decoded ({error})") from error
        manifest = cls()
        manifest.seq = body.seq
        manifest.packer = body.packer
        manifest.columns = body.columns
        manifest.settings = body.settings
        manifest.plugins = body.plugins
        manifest.partitions = partitions
        manifest.series = {} if body.series is msgspec.UNSET else body.series
        manifest._sources = None
        manifest._raw_sources = msgspec.Raw(bytes(body.sources))
        return manifest


def check_format(found: int, name: str) -> None:
    """Raise :class:`StoreError` if ``found`` is a format that this tickloom does not know."""
    if found > MANIFEST_FORMAT:
        raise StoreError(
            f"{name} has store format {found}; this tickloom reads formats up to "
            f"{MANIFEST_FORMAT}. Upgrade tickloom to use this store"
        )
    if found < 1:
        raise DamagedError(name, f"format {found} never existed")


class DamagedError(StoreError):
    """A manifest, log or index is not what was written."""

    def __init__(self, path: str, reason: str) -> None:
        self.path: str = path
        """The file."""
        super().__init__(
            f"{path} is damaged: {reason}. Restore it from a backup, or rebuild it from the data "
            "files with 'tickloom adopt STORE --rebuild'"
        )


def parse_key(text: str) -> PartitionKey:
    """The key that ``DATE/UNDERLYING`` names, or ``DATE/UNDERLYING/spot``; raises
    :class:`ValueError`."""
    day, _, rest = text.partition("/")
    underlying, slash, series = rest.partition("/")
    found = next((one for one in SERIES if one == series), None)
    if not underlying or (slash and found is None):
        raise ValueError(f"{text!r} is not DATE/UNDERLYING, nor a series of {' or '.join(SERIES)}")
    return PartitionKey(date.fromisoformat(day), underlying, found or "option")


def seal(body: bytes, version: int) -> bytes:
    """The bytes of a file that holds ``body``. Every version of the format keeps this envelope:
    the digest is of the version's digits, a space and the body's bytes."""
    digest = hashlib.sha256(f"{version} ".encode() + body).hexdigest()
    return msgspec.json.encode(_Envelope(version, digest, msgspec.Raw(body))) + b"\n"
