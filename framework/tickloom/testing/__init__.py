"""Conformance kits for plugin authors: generic pytest classes, a subclass needs fixtures only.

Needs pytest and hypothesis: ``pip install tickloom[testing]``. :class:`KernelBenchmarks` is for a
plugin's asv suite and needs neither, nor does :func:`session_ticks`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tickloom.bench.ticks import Ticks
    from tickloom.testing.calendars import CalendarTests
    from tickloom.testing.executors import ExecutorTests
    from tickloom.testing.kernel_benchmarks import KernelBenchmarks
    from tickloom.testing.kernel_sessions import session_ticks
    from tickloom.testing.kernels import KernelTests
    from tickloom.testing.plugins import PluginTests
    from tickloom.testing.readers import ReaderTests
    from tickloom.testing.transforms import TransformTests
    from tickloom.testing.writers import WriterTests

_KITS: Final = {
    "CalendarTests": "tickloom.testing.calendars",
    "ExecutorTests": "tickloom.testing.executors",
    "KernelTests": "tickloom.testing.kernels",
    "PluginTests": "tickloom.testing.plugins",
    "ReaderTests": "tickloom.testing.readers",
    "TransformTests": "tickloom.testing.transforms",
    "WriterTests": "tickloom.testing.writers",
}
"""Imported when asked for: the workers of the executor kit need no pytest, and start faster."""

_PLAIN: Final = {
    "KernelBenchmarks": "tickloom.testing.kernel_benchmarks",
    "Ticks": "tickloom.bench.ticks",
    "session_ticks": "tickloom.testing.kernel_sessions",
}
"""Those that need no pytest."""

__all__ = [
    "CalendarTests",
    "ExecutorTests",
    "KernelBenchmarks",
    "KernelTests",
    "PluginTests",
    "ReaderTests",
    "Ticks",
    "TransformTests",
    "WriterTests",
    "session_ticks",
]


def __getattr__(name: str) -> Any:
    if name in _PLAIN:
        return getattr(import_module(_PLAIN[name]), name)
    if name not in _KITS:
        raise AttributeError(f"module 'tickloom.testing' has no attribute {name!r}")
    import pytest

    pytest.register_assert_rewrite(_KITS[name])
    return getattr(import_module(_KITS[name]), name)
