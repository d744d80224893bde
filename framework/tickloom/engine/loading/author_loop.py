"""Array and native kernels: their loop writes wanted positions, the host's loop accounts.

Rows without a usable price are taken out before the author's loop sees them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.cache.link import Linked
from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.columns.values import plain_values
from tickloom.engine.kernels.columns import clock_value
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.loading.failure import CONTRACT, KernelFailedError
from tickloom.engine.loading.loop import Loop, Settings
from tickloom.engine.loading.plans import Announce, array_plan, load_code, native_library
from tickloom.engine.loading.results import ContractFacts, ContractResults
from tickloom.engine.loops.entry import ARRAY_ARGUMENTS
from tickloom.errors import PluginError
from tickloom.specs.kernel import KernelSpec

AuthorLoop = Callable[
    [NDArray[np.int64], list[NDArray[Any]], NDArray[np.float64], NDArray[np.int32]], int
]
"""``(offsets, fields, constants, wanted)``; 0 for success."""


class WantedRunner:
    """Runs an author's loop and then the host's accounting; threads may share it."""

    def __init__(
        self,
        kernel: Specialised,
        author: AuthorLoop,
        accounting: Loop,
        *,
        together: bool = False,
    ) -> None:
        """``together``: one call for all contracts, as nothing but a test has it."""
        self._kernel = kernel
        self._spec = kernel.spec
        self._author = author
        self._accounting = accounting
        self._together = together

    def together(self) -> WantedRunner:
        """The same, with one call for all contracts of a slice."""
        return WantedRunner(self._kernel, self._author, self._accounting, together=True)

    def __call__(
        self, offsets: NDArray[np.int64], columns: Chunks, settings: Settings
    ) -> ContractResults:
        """Run over the contracts of ``offsets``; arguments are checked already."""
        first, last = int(offsets[0]), int(offsets[-1])
        values = {
            name: plain_values(name, column)
            for name, column in zip(self._kernel.columns, columns.span(first, last), strict=True)
        }
        kept = np.flatnonzero(values["price"] > 0.0)
        bounds = np.searchsorted(kept, offsets - first)
        if len(kept) < last - first:
            values = {name: column[kept] for name, column in values.items()}
        wanted = self._wanted(bounds, values, settings)
        accounted = [values[name] for name in self._kernel.accounted]
        results = self._accounting(bounds, Chunks.whole([*accounted, wanted]), settings)
        log = results.log
        if log is not None:
            log["entry_row"] = kept[log["entry_row"]] + first
            log["exit_row"] = kept[log["exit_row"]] + first
        return replace(results, skipped=np.diff(offsets) - np.diff(bounds))

    def _wanted(
        self, bounds: NDArray[np.int64], values: dict[str, NDArray[Any]], settings: Settings
    ) -> NDArray[np.int32]:
        fields = [values[name] for name in self._spec.columns]
        fields += [clock_values(name, bounds, values, settings.facts) for name in self._spec.clock]
        wanted = np.zeros(len(values["price"]), np.int32)
        # One contract a call: what else is in a slice depends on how the work was cut.
        alone = [bounds[contract : contract + 2] for contract in range(len(bounds) - 1)]
        for contract, rows in enumerate([bounds] if self._together else alone):
            first, end = int(rows[0]), int(rows[-1])
            if first == end:
                continue
            own = [field[first:end] for field in fields]
            status = self._author(rows - first, own, settings.constants, wanted[first:end])
            if status != 0:
                raise self._failure(status, contract)
        return wanted

    def _failure(self, status: int, contract: int) -> KernelFailedError:
        reported = f"kernel {self._spec.name!r}: its loop reported failure {status}"
        if self._spec.loop is None:
            return KernelFailedError(f"{reported}; 0 means success (in {CONTRACT})", contract)
        text = f"{reported}, an exception in {CONTRACT}"
        return KernelFailedError(text, contract, raised=True)


def clock_values(
    name: str,
    bounds: NDArray[np.int64],
    values: dict[str, NDArray[Any]],
    facts: ContractFacts | None,
) -> NDArray[Any]:
    """A clock field, one value a row."""

    def fact(known: str) -> NDArray[Any]:
        return np.repeat(getattr(facts, known), np.diff(bounds))

    return np.asarray(clock_value(name, values.get("timestamp_ns"), fact))


def load_author_loop(
    kernel: Specialised, announce: Announce | None = None
) -> tuple[AuthorLoop, float]:
    """The machine code of the author's loop and how long compiling took, seconds."""
    if kernel.spec.kind == "native":
        path, seconds = native_library(kernel.spec, announce)
        return native_loop(kernel.spec, path), seconds
    linked, seconds = load_code(array_plan(kernel), announce)
    return ArrayLoop(linked, len(kernel.spec.columns) + len(kernel.spec.clock)), seconds


def native_loop(spec: KernelSpec, path: Path) -> AuthorLoop:
    """The C function of a native kernel, from the library at ``path``.

    Raises :class:`PluginError` if the library or the symbol cannot be found.
    """
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise PluginError(
            f"kernel {spec.name!r}: the library {path} cannot be opened ({error}); build "
            "it as its documentation says"
        ) from error
    try:
        function = getattr(library, spec.symbol)
    except AttributeError:
        raise PluginError(
            f"kernel {spec.name!r}: {path} has no symbol {spec.symbol!r}; export it with C linkage"
        ) from None
    function.restype = ctypes.c_int32
    pointers = [ctypes.c_void_p] * (1 + len(spec.columns) + len(spec.clock) + 2)
    function.argtypes = [ctypes.c_int64, *pointers]

    def call(
        offsets: NDArray[np.int64],
        fields: list[NDArray[Any]],
        constants: NDArray[np.float64],
        wanted: NDArray[np.int32],
    ) -> int:
        arrays = (offsets, *fields, constants, wanted)
        return int(function(len(offsets) - 1, *(array.ctypes.data for array in arrays)))

    return call


class ArrayLoop:
    """A compiled array kernel as an :data:`AuthorLoop`; it keeps the machine code alive."""

    def __init__(self, code: Linked, fields: int) -> None:
        self._code = code
        # Made by ctypes, not NumPy: there is one call for each contract.
        self._addresses = ctypes.c_int64 * fields
        pointers = [ctypes.c_void_p] * (len(ARRAY_ARGUMENTS) - 1)
        self._call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, *pointers)(code.address)

    def __call__(
        self,
        offsets: NDArray[np.int64],
        fields: list[NDArray[Any]],
        constants: NDArray[np.float64],
        wanted: NDArray[np.int32],
    ) -> int:
        """The entry takes the constants twice, as doubles and as integers."""
        addresses = self._addresses(*(field.ctypes.data for field in fields))
        slots = constants.ctypes.data
        given = (offsets.ctypes.data, addresses, slots, slots, wanted.ctypes.data)
        return int(self._call(len(offsets) - 1, *given))
