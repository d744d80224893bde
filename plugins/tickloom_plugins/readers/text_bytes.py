"""The text of a file: unpacked by what it is, and valid UTF-8 whatever bytes are in it.

A byte that is no text of the file's encoding becomes a character of Unicode's last private area.
So it costs the row that it is in, if that, and can be shown as what it was.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Protocol

import polars as pl
import pyarrow as pa

from tickloom import ReadError, Rejected
from tickloom_plugins.readers.file_kinds import START_BYTES, compression_of, kind_of, wide_text

BOM: Final = codecs.BOM_UTF8
_FIRST_BYTE: Final = 0x10FF00
"""The character that stands for a byte 0; a byte 255 is U+10FFFF."""

BAD_BYTES: Final = "[\U0010ff00-\U0010ffff]"
"""Matches what stands for a byte that is no text."""

_SUFFIXES: Final = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2", ".lz4": "lz4", ".zip": "zip"}
_BAD_BYTE: Final = re.compile(BAD_BYTES)
_ERRORS: Final = "tickloom.mark-bytes"


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    bad = error.object[error.start : error.end]
    return "".join(chr(_FIRST_BYTE + byte) for byte in bad), error.end


codecs.register_error(_ERRORS, _mark)


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at its end."""
        ...


class TextBytes(io.RawIOBase):
    """A stream of text in any encoding, read as UTF-8 without a byte order mark."""

    def __init__(self, stream: Readable, encoding: str) -> None:
        """Raises :class:`tickloom.ReadError` where the encoding is not known."""
        super().__init__()
        try:
            "".encode(encoding)
            self._decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
        except LookupError as error:
            raise ReadError(f"expected a known encoding in the mapping; found {error}.") from error
        self._is_utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")
        if self._is_utf8:
            self._decoder = codecs.getincrementaldecoder("utf-8")(_ERRORS)
        self._stream = stream
        self._ready = b""
        self._at_start = True
        self._ended = False
        self.has_bad_bytes = False
        """Whether bytes that are no text were among those read."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        while not self._ready and not self._ended:
            raw = self._stream.read(size)
            self._ended = not raw
            self._ready = self._as_utf8(raw)
        out = self._ready if size < 0 else self._ready[:size]
        self._ready = self._ready[len(out) :]
        return out

    def readable(self) -> bool:
        """True."""
        return True

    def _as_utf8(self, raw: bytes) -> bytes:
        if self._is_utf8 and raw.isascii() and not self._decoder.getstate()[0]:
            text = raw
        else:
            decoded = self._decoder.decode(raw, final=self._ended)
            self.has_bad_bytes = self.has_bad_bytes or _BAD_BYTE.search(decoded) is not None
            text = decoded.encode("utf-8")
        if self._at_start and text:
            text = text.removeprefix(BOM)
            self._at_start = False
        return text


@contextmanager
def open_text(
    path: Path, *, encoding: str = "utf-8", compression: str = "detect", remedy: str
) -> Iterator[TextBytes]:
    """The text of the file at ``path``, unpacked: by its content where ``compression`` is
    ``detect``, as text already where it is ``none``.

    ``remedy`` says what to do about text in UTF-16. Raises :class:`tickloom.ReadError` where the
    file is no text, and :class:`OSError` where it cannot be opened.
    """
    with path.open("rb") as packed:
        start = packed.read(START_BYTES)
        packed.seek(0)
        how = _detected(start, path) if compression == "detect" else compression
        with _unpacked(packed, how) as stream:
            head = stream.read(START_BYTES)
            _check_text(head, encoding, remedy)
            yield TextBytes(_Rejoined(head, stream), encoding)


def _detected(start: bytes, path: Path) -> str:
    """By the first bytes; by the name's suffix where they are neither that of a compression nor
    text: what is damaged there is for the unpacking to tell."""
    found = compression_of(start)
    if not found and b"\0" in start and not wide_text(start):
        found = _SUFFIXES.get(path.suffix.lower(), "")
    return found or "none"


def _check_text(start: bytes, encoding: str, remedy: str) -> None:
    wide = wide_text(start)
    if wide and not encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32", "u16")):
        raise ReadError(f"expected text in {encoding}; found {wide}. {remedy}")
    if not wide and (kind := kind_of(start)):
        raise ReadError(f"expected text; found {kind}.")
    if not wide and b"\0" in start:
        raise ReadError(f"expected text; found binary data, {start[:16]!r}.")


class _Rejoined:
    """A stream with what was read from it before."""

    def __init__(self, head: bytes, stream: Readable) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        """The head first, and what follows on it: a piece of its own would be a batch."""
        if not self._head:
            return self._stream.read(size)
        head, self._head = self._head, b""
        return head + self._stream.read(size if size < 0 else max(size - len(head), 0))


@contextmanager
def _unpacked(packed: IO[bytes], how: str) -> Iterator[Any]:
    if how == "none":
        yield packed
    elif how == "zip":
        with _only_member(packed) as member:
            yield member
    else:
        with pa.CompressedInputStream(pa.PythonFile(packed, "r"), how) as stream:
            yield stream


@contextmanager
def _only_member(packed: IO[bytes]) -> Iterator[IO[bytes]]:
    try:
        with zipfile.ZipFile(packed) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1:
                excel = any(member.filename.startswith("xl/") for member in members)
                raise ReadError(
                    "expected one file in the zip; found an Excel workbook. Save it as CSV."
                    if excel
                    else f"expected one file in the zip; found {len(members)}. Unpack it."
                )
            if members[0].flag_bits & 1:
                raise ReadError("expected a zip without a password; found it encrypted. Unpack it.")
            with archive.open(members[0]) as member:
                yield member
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise ReadError(f"expected a readable zip; found damage: {error}.") from error


def shown(text: str) -> str:
    """``text`` with bytes that are no text as ``\\xe9``."""
    return _BAD_BYTE.sub(lambda match: f"\\x{ord(match[0]) - _FIRST_BYTE:02x}", text)


def shown_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """``frame`` with bytes that are no text as ``\\xe9``."""
    texts = [column for column in frame.get_columns() if column.dtype == pl.String]
    return frame.with_columns(
        column.map_elements(shown, return_dtype=pl.String)
        for column in texts
        if column.str.contains(BAD_BYTES).any()
    )


def split_bad_bytes(
    frame: pl.DataFrame, used: Iterable[str], path: Path, remedy: str
) -> tuple[pl.DataFrame, Rejected | None]:
    """The rows without a byte that is no text in one of the columns ``used``, and the others."""
    names = [name for name in frame.columns if name in set(used) and frame[name].dtype == pl.String]
    bad = frame.select(
        pl.any_horizontal(pl.col(name).str.contains(BAD_BYTES).fill_null(False) for name in names)
        if names
        else pl.lit(False)
    ).to_series()
    if not bad.any():
        return frame, None
    lost = frame.filter(bad)
    name = next(name for name in names if lost[name].str.contains(BAD_BYTES).any())
    example = shown(lost[name].filter(lost[name].str.contains(BAD_BYTES))[0])
    reason = f"expected text in {name}; found '{example}'. {remedy}"
    return frame.filter(~bad), Rejected(
        path=path, reason=reason, rows=len(lost), frame=shown_frame(lost)
    )
