"""Files examined by several threads: hashing and decoding release the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_threads(examine: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``examine(item)`` for each item, in order. Where the caller stops, or is interrupted, what
    has not begun is dropped."""
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield from pool.map(examine, items)
    finally:
        pool.shutdown(cancel_futures=True)
