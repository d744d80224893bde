"""The user's cache folder: what lies there can be made again at any time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

CACHE_DIR: Final = "TICKLOOM_CACHE_DIR"
"""Environment variable that moves the folder."""


def user_cache() -> Path:
    """The folder; it need not exist."""
    moved = os.environ.get(CACHE_DIR)
    return Path(moved) if moved else user_cache_path("tickloom", appauthor=False)
