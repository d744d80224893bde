"""What a user calls a place on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from tickloom.errors import UsageError

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def local_path(given: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> Path:
    """The path that ``given`` names on this machine.

    Any name that the system takes is one: with colons, and with bytes that are no UTF-8. Raises
    :class:`UsageError` for what begins with a scheme, as the address of an object store does, and
    for a name with a null character.
    """
    name = os.fsdecode(given)
    if _ADDRESS.match(name):
        raise UsageError(
            f"{name} is an address, and object stores cannot be read or written yet; expected a "
            f"path on this machine (one with that very name is written ./{name})"
        )
    if "\0" in name:
        raise UsageError(f"a path holds no null character; found {name!r}")
    return Path(name)


@contextmanager
def portable_name(path: Path, mode: Literal["rb", "wb"] = "rb") -> Iterator[str]:
    """An absolute name of the file at ``path`` that any library opens as that file, in the block.

    Libraries take ``s3:x`` and ``file:x`` for addresses, and fail on names that are no UTF-8. With
    ``wb`` the file is made, or emptied. What a library has opened stays open after the block.
    """
    if is_utf8(path):
        yield str(path.absolute())
        return
    with path.open(mode) as file:
        yield f"/dev/fd/{file.fileno()}"


def is_utf8(path: Path) -> bool:
    """Is every byte of its name?"""
    return not _UNDECODED.search(str(path))


def path_text(path: Path | str) -> str:
    """``path`` as text that JSON can hold; :func:`text_path` gives it back.

    A byte that is no UTF-8 becomes a null character, which no path has, and two digits.
    """
    return _UNDECODED.sub(lambda byte: f"\0{ord(byte[0]) - _FIRST:02x}", str(path))


def text_path(text: str) -> Path:
    """The path that :func:`path_text` made ``text`` of."""
    return Path(_ESCAPED.sub(lambda byte: chr(_FIRST + int(byte[1], 16)), text))


def legible(text: str) -> str:
    """``text`` with the bytes that Python could not decode as ``\\xe9``: any encoding takes it."""
    return _UNDECODED.sub(lambda byte: f"\\x{ord(byte[0]) - _FIRST:02x}", text)


_FIRST: Final = 0xDC00
_UNDECODED: Final = re.compile("[\udc80-\udcff]")
_ESCAPED: Final = re.compile("\0([0-9a-f]{2})")
