"""Built-in readers."""

from __future__ import annotations

from typing import Final

from tickloom import ReaderSpec

READERS: Final[tuple[ReaderSpec, ...]] = ()
