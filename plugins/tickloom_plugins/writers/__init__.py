"""Built-in writers."""

from __future__ import annotations

from typing import Final

from tickloom import WriterSpec

WRITERS: Final[tuple[WriterSpec, ...]] = ()
