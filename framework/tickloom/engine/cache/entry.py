"""One compiled loop as a file: a header line of JSON with a checksum, then the object code.

A file that is truncated, empty or foreign is no entry; it never raises, it is built anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tickloom.files import SYSTEM

SUFFIX: Final = ".tlk"
_MAGIC: Final = b"tickloom kernel 1\n"
_LONGEST_HEADER: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A compiled loop."""

    key: str
    """Its cache key, hexadecimal."""

    image: bytes
    """Object code."""

    needs: tuple[str, ...]
    """Symbols that it takes from the process."""

    compile_seconds: float
    """How long it took to compile."""


def read_entry(path: Path, key: str) -> Entry | None:
    """The entry in ``path`` if it is whole and ``key``'s; None otherwise, or without a file."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if not data.startswith(_MAGIC):
        return None
    end = data.find(b"\n", len(_MAGIC), len(_MAGIC) + _LONGEST_HEADER)
    header = _header(data[len(_MAGIC) : end]) if end > 0 else None
    image = data[end + 1 :]
    if header is None or header.get("key") != key:
        return None
    if header.get("sha256") != _checksum(header, image):
        return None
    return Entry(key, image, tuple(header["needs"]), float(header["compile_seconds"]))


def write_entry(path: Path, entry: Entry) -> None:
    """Write ``entry`` so that others see the old file or the whole new one; raises OSError."""
    header: dict[str, Any] = {
        "key": entry.key,
        "needs": list(entry.needs),
        "compile_seconds": entry.compile_seconds,
    }
    header["sha256"] = _checksum(header, entry.image)
    head = json.dumps(header).encode()
    with SYSTEM.replacing(path) as fresh:
        fresh.write_bytes(_MAGIC + head + b"\n" + entry.image)


def _header(text: bytes) -> dict[str, Any] | None:
    try:
        header = json.loads(text)
    except ValueError:
        return None
    return header if isinstance(header, dict) else None


def _checksum(header: dict[str, Any], image: bytes) -> str:
    rest = {name: value for name, value in header.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode() + image).hexdigest()
