"""Built-in readers."""

from __future__ import annotations

from typing import Final

from tickloom import ReaderSpec
from tickloom_plugins.readers.csv_mapped import CSV
from tickloom_plugins.readers.lean import LEAN
from tickloom_plugins.readers.nse_parquet import NSE_PARQUET
from tickloom_plugins.readers.nse_sql import NSE_SQL

READERS: Final[tuple[ReaderSpec, ...]] = (CSV, LEAN, NSE_PARQUET, NSE_SQL)
