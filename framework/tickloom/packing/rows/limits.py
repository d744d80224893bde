"""The times that the store takes."""

from __future__ import annotations

from typing import Final

FIRST_YEAR: Final = 2010
LAST_YEAR: Final = 2100
EPOCH_YEAR: Final = 1970
