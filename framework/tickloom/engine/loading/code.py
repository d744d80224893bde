"""What calls a loop: machine code through its C entry point, or the interpreter.

Either takes the loop's arguments by name, so that whoever gathers them need not know which it is.
"""

from __future__ import annotations

import ctypes
import os
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.cache.link import Linked
from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.loops.access import Fn, Stopped
from tickloom.engine.loops.entry import RAISED
from tickloom.engine.loops.interpreted import Tables
from tickloom.errors import PluginError

DISABLE_JIT: Final = "NUMBA_DISABLE_JIT"
"""Environment variable by which Numba compiles nothing."""

_UNUSED: Final = np.zeros(1, np.int64)
"""Stands for a column that the loop has and this run does not look at."""


def interprets() -> bool:
    """Whether the user asked for kernels to be interpreted, as Numba reads that variable."""
    return os.environ.get(DISABLE_JIT, "0").strip() not in ("", "0")


class LoopCode(Protocol):
    """A loop that can be called; several threads may do so at once."""

    def tables(self, columns: Chunks, slots: Sequence[int | None]) -> Any:
        """What the loop takes as ``tables``: for each of its columns the place among ``columns``,
        or None."""

    def __call__(self, given: Mapping[str, Any]) -> int:
        """Run over a slice; ``given`` has every argument, a number or an array. How it ended is one
        of :mod:`~tickloom.engine.loops.entry`'s."""


class LinkedCode:
    """Machine code; calls hold no GIL."""

    def __init__(self, linked: Linked, arguments: Sequence[str], numbers: Sequence[str]) -> None:
        """``numbers`` are those of ``arguments`` that are int64, not arrays."""
        self._linked = linked  # stays loaded as long as it may be called
        self._arguments = tuple(arguments)
        types = [ctypes.c_int64 if name in numbers else ctypes.c_void_p for name in arguments]
        self._call = ctypes.CFUNCTYPE(ctypes.c_int64, *types)(linked.address)

    def tables(self, columns: Chunks, slots: Sequence[int | None]) -> NDArray[np.int64]:
        """Addresses, shape (columns of the loop, chunks)."""
        shape = len(slots), len(columns.edges) - 1
        tables = np.full(shape, _UNUSED.ctypes.data, np.int64)
        for table, slot in zip(tables, slots, strict=True):
            if slot is not None:
                table[:] = columns.addresses(slot)
        return tables

    def __call__(self, given: Mapping[str, Any]) -> int:
        """Hand over numbers and addresses of arrays."""
        found = (given[name] for name in self._arguments)
        return int(self._call(*(v.ctypes.data if isinstance(v, np.ndarray) else v for v in found)))


class InterpretedCode:
    """The loop's own Python functions."""

    def __init__(self, kernel: str, loop: Fn, arguments: Sequence[str]) -> None:
        self._kernel = kernel
        self._loop = loop
        self._arguments = tuple(arguments)

    def tables(self, columns: Chunks, slots: Sequence[int | None]) -> Tables:
        """The arrays themselves."""
        chunks = [None if slot is None else columns.columns[slot] for slot in slots]
        return Tables(columns.edges.tolist(), chunks)

    def __call__(self, given: Mapping[str, Any]) -> int:
        """Hand over views that give and take Python's own numbers.

        Raises :class:`PluginError` with the line where an author's function raised.
        """
        try:
            return int(self._loop(*(_viewed(name, given[name]) for name in self._arguments)))
        except Stopped:
            return RAISED
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            place = given["place"]
            raise PluginError(
                f"kernel {self._kernel!r} raised {type(error).__name__} ({error}) at "
                f"{at.filename}, line {at.lineno}, in contract {int(place[0])} of the slice. Where "
                "only Python raises, as for a division by zero, compiled code goes on with inf or "
                "NaN"
            ) from error


def _viewed(name: str, value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    flat: Any = value.reshape(-1)
    return memoryview(flat.view(np.int64) if name.endswith("_i") else flat)
