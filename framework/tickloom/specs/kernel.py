"""Kernels: a strategy, as its author wrote it. The host compiles it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

KernelKind = Literal["step", "array", "native"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSpec:
    """One entry of the kernel registry. Authors make it with :func:`tickloom.step_kernel`,
    :func:`tickloom.array_kernel` or :func:`tickloom.native_kernel`, which check it."""

    name: str
    """Name for ``tickloom run``."""

    kind: KernelKind
    """``step``: a pure function per tick. ``array``: an author's own loop. ``native``: a symbol in
    a shared library."""

    columns: tuple[str, ...]
    """Columns that the strategy reads, in the order of its tick; ``price`` is always among them."""

    params: type[Any]
    """A ``NamedTuple`` with a default for each field: int, float or bool."""

    summary: str = ""
    """One line for ``kernels list``."""

    version: str = "1"
    """Version of the strategy."""

    prepare: Callable[..., Any] | None = None
    """``prepare(params)``: constants derived once per run, a NamedTuple. None: the parameters."""

    init: Callable[..., Any] | None = None
    """Step kernels: ``init(tick, constants)``, the state at a contract's first tick."""

    step: Callable[..., Any] | None = None
    """Step kernels: ``step(state, tick, position, constants)``, the new state and the wanted
    position, an int within ``max_position``."""

    loop: Callable[..., Any] | None = None
    """Array kernels: the author's loop over ``offsets`` and the columns."""

    library: Path | None = None
    """Native kernels: path of the shared library; None: it is built from ``source``."""

    source: Path | None = None
    """Native kernels: C source that the host compiles at first use."""

    symbol: str = ""
    """Native kernels: name of the function in it."""

    clock: tuple[str, ...] = ()
    """Derived tick fields, after the columns: any of ``time_of_day`` (ns since midnight),
    ``time_to_expiry`` (ns to the end of the expiry day), ``strike``, ``is_call``."""

    max_position: int = 1
    """Bound of the wanted position, contracts, on both sides of zero."""

    units: tuple[tuple[str, str], ...] = ()
    """Unit of each parameter, for ``kernels list NAME``."""

    bounds: tuple[tuple[str, float, float], ...] = ()
    """Inclusive bounds of parameters: name, lowest, highest."""

    flags: tuple[str, ...] = ()
    """Named LLVM fast-math flags that the author opts into; the kernel is then listed as not
    reproducible across CPUs. Never ``fast``."""
