"""Memory that a thread fills again and again."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any

import numpy as np
import numpy.typing as npt


class Scratch(threading.local):
    """Arrays that each thread keeps from one use to the next: memory fresh from the system costs
    several times as much to fill, since every page of it is a fault."""

    def __init__(self) -> None:
        self._arrays: dict[Hashable, npt.NDArray[Any]] = {}

    def array(self, use: Hashable, dtype: npt.DTypeLike, size: int) -> npt.NDArray[Any]:
        """An array of ``size`` values, of any content; the next one for the same ``use`` takes its
        place."""
        kept = self._arrays.get((use, dtype))
        if kept is None or len(kept) < size:
            kept = self._arrays[use, dtype] = np.empty(size, dtype)
        return kept[:size]
