"""Packs per-contract option ticks into one sorted, verified store and runs kernels over it.

Everything a plugin or a script needs is a public name of this package. Each is imported when it is
first used: importing the package costs next to nothing, and what a plugin needs to register costs
neither numba nor polars.
"""

from __future__ import annotations

from importlib import import_module

from tickloom.version import __version__

TYPE_CHECKING = False  # as type checkers know it; the module typing takes longer than all of this
if TYPE_CHECKING:
    from typing import Any

    from tickloom.contracts import Contract, Expiry, Kind, NameReading, Right
    from tickloom.engine.api import run, sweep
    from tickloom.engine.kernels.registration import array_kernel, native_kernel, step_kernel
    from tickloom.engine.loading.build import build_kernel
    from tickloom.engine.running.results import RunResult
    from tickloom.engine.sweeping.results import SweepResult
    from tickloom.errors import (
        PluginError,
        StoreBusyError,
        StoreError,
        TickloomError,
        UnknownNameError,
        UsageError,
    )
    from tickloom.frames.store import Store, open_store
    from tickloom.host.host import kernels
    from tickloom.host.markers import API_VERSION, hookimpl
    from tickloom.packing.api import pack
    from tickloom.packing.proof import VerifyReport, verify
    from tickloom.packing.report import PackReport
    from tickloom.paths import is_utf8, portable_name
    from tickloom.schema import RAW_COLUMNS, STORED_COLUMNS, Column, polars_dtype
    from tickloom.specs import (
        Calendar,
        CalendarGapError,
        CalendarSpec,
        ContractSlice,
        Evidence,
        ExecutorSpec,
        Feature,
        FileSummary,
        Gate,
        Ignored,
        KernelSpec,
        PartitionContext,
        RawBatch,
        RawRows,
        ReadError,
        ReaderSpec,
        Rejected,
        Session,
        SessionCalendar,
        SourceOptions,
        TransformSpec,
        Unit,
        WriterSpec,
        WriteSettings,
        session_on,
    )
    from tickloom.specs.expiry_rows import (
        ExpiryDifference,
        ExpiryRow,
        format_expiry_rows,
        read_expiry_rows,
    )
    from tickloom.store.contents import Contents, info
    from tickloom.store.foreign.adopt import AdoptReport, adopt

_MODULES = {
    "tickloom.contracts": ("Contract", "Expiry", "Kind", "NameReading", "Right"),
    "tickloom.engine.api": ("run", "sweep"),
    "tickloom.engine.loading.build": ("build_kernel",),
    "tickloom.engine.kernels.registration": ("array_kernel", "native_kernel", "step_kernel"),
    "tickloom.engine.running.results": ("RunResult",),
    "tickloom.engine.sweeping.results": ("SweepResult",),
    "tickloom.errors": (
        "PluginError",
        "StoreBusyError",
        "StoreError",
        "TickloomError",
        "UnknownNameError",
        "UsageError",
    ),
    "tickloom.frames.store": ("Store", "open_store"),
    "tickloom.host.host": ("kernels",),
    "tickloom.host.markers": ("API_VERSION", "hookimpl"),
    "tickloom.packing.api": ("pack",),
    "tickloom.packing.proof": ("VerifyReport", "verify"),
    "tickloom.packing.report": ("PackReport",),
    "tickloom.paths": ("is_utf8", "portable_name"),
    "tickloom.schema": ("Column", "RAW_COLUMNS", "STORED_COLUMNS", "polars_dtype"),
    "tickloom.specs": (
        "Calendar",
        "CalendarGapError",
        "CalendarSpec",
        "ContractSlice",
        "Evidence",
        "ExecutorSpec",
        "Feature",
        "FileSummary",
        "Gate",
        "Ignored",
        "KernelSpec",
        "PartitionContext",
        "RawBatch",
        "RawRows",
        "ReadError",
        "ReaderSpec",
        "Rejected",
        "Session",
        "SessionCalendar",
        "SourceOptions",
        "TransformSpec",
        "Unit",
        "WriteSettings",
        "WriterSpec",
        "session_on",
    ),
    "tickloom.specs.expiry_rows": (
        "ExpiryDifference",
        "ExpiryRow",
        "format_expiry_rows",
        "read_expiry_rows",
    ),
    "tickloom.store.contents": ("Contents", "info"),
    "tickloom.store.foreign.adopt": ("AdoptReport", "adopt"),
}
"""Module to the public names that it defines."""

_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "API_VERSION",
    "RAW_COLUMNS",
    "STORED_COLUMNS",
    "AdoptReport",
    "Calendar",
    "CalendarGapError",
    "CalendarSpec",
    "Column",
    "Contents",
    "Contract",
    "ContractSlice",
    "Evidence",
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
    "PackReport",
    "PartitionContext",
    "PluginError",
    "RawBatch",
    "RawRows",
    "ReadError",
    "ReaderSpec",
    "Rejected",
    "Right",
    "RunResult",
    "Session",
    "SessionCalendar",
    "SourceOptions",
    "Store",
    "StoreBusyError",
    "StoreError",
    "SweepResult",
    "TickloomError",
    "TransformSpec",
    "Unit",
    "UnknownNameError",
    "UsageError",
    "VerifyReport",
    "WriteSettings",
    "WriterSpec",
    "__version__",
    "adopt",
    "array_kernel",
    "build_kernel",
    "format_expiry_rows",
    "hookimpl",
    "info",
    "is_utf8",
    "kernels",
    "native_kernel",
    "open_store",
    "pack",
    "polars_dtype",
    "portable_name",
    "read_expiry_rows",
    "run",
    "session_on",
    "step_kernel",
    "sweep",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tickloom' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
