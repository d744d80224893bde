"""What a user calls a place on disk."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

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
