"""Packs per-contract option ticks into one sorted, verified store and runs kernels over it.

Everything a plugin needs is a public name of this package; importing it costs neither numba nor
polars. The functions ``pack``, ``open_store``, ``run`` and ``sweep`` are the command line's own
doors, imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tickloom.contracts import Contract, Expiry, Kind, NameReading, Right
from tickloom.errors import TickloomError, UsageError
from tickloom.host.markers import API_VERSION, hookimpl
from tickloom.schema import RAW_COLUMNS, STORED_COLUMNS, Column, polars_dtype
from tickloom.specs import (
    Calendar,
    CalendarGapError,
    CalendarSpec,
    ContractSlice,
    ExecutorSpec,
    Feature,
    FileSummary,
    Gate,
    Ignored,
    KernelSpec,
    PartitionContext,
    RawBatch,
    ReadError,
    ReaderSpec,
    Rejected,
    SourceOptions,
    TransformSpec,
    Unit,
    WriterSpec,
    WriteSettings,
)
from tickloom.specs.expiry_rows import (
    ExpiryDifference,
    ExpiryRow,
    format_expiry_rows,
    read_expiry_rows,
)
from tickloom.version import __version__

if TYPE_CHECKING:
    from tickloom.engine.api import run, sweep
    from tickloom.engine.kernels.registration import array_kernel, native_kernel, step_kernel
    from tickloom.packing.api import pack
    from tickloom.store.api import open_store

_LAZY: Final = {
    "array_kernel": "tickloom.engine.kernels.registration",
    "native_kernel": "tickloom.engine.kernels.registration",
    "open_store": "tickloom.store.api",
    "pack": "tickloom.packing.api",
    "run": "tickloom.engine.api",
    "step_kernel": "tickloom.engine.kernels.registration",
    "sweep": "tickloom.engine.api",
}

__all__ = [
    "API_VERSION",
    "RAW_COLUMNS",
    "STORED_COLUMNS",
    "Calendar",
    "CalendarGapError",
    "CalendarSpec",
    "Column",
    "Contract",
    "ContractSlice",
    "ExecutorSpec",
    "Expiry",
    "ExpiryDifference",
    "ExpiryRow",
    "Feature",
    "FileSummary",
    "Gate",
    "Ignored",
    "KernelSpec",
    "Kind",
    "NameReading",
    "PartitionContext",
    "RawBatch",
    "ReadError",
    "ReaderSpec",
    "Rejected",
    "Right",
    "SourceOptions",
    "TickloomError",
    "TransformSpec",
    "Unit",
    "UsageError",
    "WriteSettings",
    "WriterSpec",
    "__version__",
    "array_kernel",
    "format_expiry_rows",
    "hookimpl",
    "native_kernel",
    "open_store",
    "pack",
    "polars_dtype",
    "read_expiry_rows",
    "run",
    "step_kernel",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'tickloom' has no attribute {name!r}")
