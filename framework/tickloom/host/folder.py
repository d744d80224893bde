"""The current folder is the user's: relative paths mean what they meant when they were typed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def kept_folder() -> Iterator[None]:
    """After the block the current folder is what it was before, whatever a plugin did."""
    try:
        before = os.getcwd()  # noqa: PTH109
    except OSError:  # it is gone
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if os.getcwd() != before:  # noqa: PTH109
                os.chdir(before)
