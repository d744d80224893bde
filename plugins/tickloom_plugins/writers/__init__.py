"""Built-in writers."""

from __future__ import annotations

from typing import Final

from tickloom import WriterSpec
from tickloom_plugins.writers.parquet import parquet

WRITERS: Final[tuple[WriterSpec, ...]] = (parquet,)
