"""What a file is by its first bytes, whatever it is called."""

from __future__ import annotations

from typing import Final

COMPRESSIONS: Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bz2",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
"""First bytes to the compression that they begin."""

START_BYTES: Final = 512
"""So many bytes tell what a file is."""

PARQUET: Final = "a Parquet file"

_KINDS: Final = {
    b"PAR1": PARQUET,
    b"PARE": "an encrypted Parquet file",
    b"ARROW1": "an Arrow file",
    b"ORC": "an ORC file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3\x00": "an SQLite database",
    b"\x93NUMPY": "a NumPy array",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF",
    b"\xfd7zXZ\x00": "xz data",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"version https://git-lfs": "a pointer of Git LFS (run git lfs pull)",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"<?xml": "XML",
}

_MARKS: Final = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
"""Byte order marks. UTF-32's come first, since one of them begins with one of UTF-16's."""


def compression_of(start: bytes) -> str:
    """The compression that ``start`` begins, by its name; empty for none that is known."""
    return next((name for mark, name in COMPRESSIONS.items() if start.startswith(mark)), "")


def kind_of(start: bytes) -> str:
    """What begins with ``start``, for messages; empty for text and for what is not known."""
    lower = start.lower()
    for mark, kind in _KINDS.items():
        if start.startswith(mark) or (mark[:1] == b"<" and lower.startswith(mark)):
            return kind
    return f"{name} data" if (name := compression_of(start)) else ""


def wide_text(start: bytes) -> str:
    """``UTF-16`` or ``UTF-32`` where ``start`` is text of that kind, with or without a byte order
    mark; empty for any other."""
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return name
    even = start[: len(start) // 2 * 2]
    for half, other in ((even[::2], even[1::2]), (even[1::2], even[::2])):
        # Latin letters, digits and commas have an empty byte each, and nothing else is empty.
        if half and half.count(0) * 10 >= len(half) * 9 and other.count(0) * 10 <= len(other):
            return "UTF-16"
    return ""
