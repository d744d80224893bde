"""Ticks of kernels that go by quotes: the price is the middle of the best bid and ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.columns.values import plain_values


def quoted(names: Sequence[str], columns: Chunks) -> Chunks:
    """``columns`` as float64 and int64, with the middle of the quote as ``price``."""
    plain = {
        name: tuple(plain_values(name, chunk, number) for number, chunk in enumerate(chunks))
        for name, chunks in zip(names, columns.columns, strict=True)
    }
    plain["price"] = tuple(map(middle, plain["bp0"], plain["sp0"]))
    return Chunks(columns.edges, tuple(plain[name] for name in names))


def middle(bid: NDArray[Any], ask: NDArray[Any]) -> NDArray[np.float64]:
    """(bid + ask) / 2 where both sides are quoted, else NaN, which is no tick."""
    return np.where((bid > 0.0) & (ask > 0.0), (bid + ask) / 2.0, np.nan)
