"""Kernels: a strategy, as its author wrote it. The host compiles it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

KernelKind = Literal["step", "array", "native"]

TickKind = Literal["price", "quote"]
"""What makes a row a tick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A value that follows a contract's ticks and depends on a few parameters alone, like a moving
    average: parameter sets of a sweep that agree on those share it."""

    init: Callable[..., Any]
    """``init(tick, constants)``: the value at a contract's first tick, a number or a NamedTuple of
    numbers."""

    update: Callable[..., Any]
    """``update(value, tick, constants)``: the value at every later tick, before the step sees it.
    Ticks here are without features."""

    params: tuple[str, ...] = ()
    """The parameters that it depends on."""

    prepare: Callable[..., Any] | None = None
    """``prepare(*values)``: its constants, a NamedTuple, from the values of ``params``. None: a
    NamedTuple of those parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A condition without which nothing is entered: while flat, a tick at which it does not hold
    leaves the position at 0, whatever the step wants. Sweeps skip such ticks."""

    allows: Callable[..., Any]
    """``allows(tick, constants)``: whether the step may enter; ``constants`` is a NamedTuple of
    ``params``, and the tick is without features."""

    params: tuple[str, ...] = ()
    """The parameters that it depends on."""


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
    """Columns that the strategy reads, in the order of its tick; ``price`` is always among them,
    and any that its stores have may be."""

    params: type[Any]
    """A ``NamedTuple`` with a default for each field: int, float or bool."""

    summary: str = ""
    """One line for ``kernels list``."""

    version: str = "1"
    """Version of the strategy."""

    prepare: Callable[..., Any] | None = None
    """``prepare(params)``: constants derived once per run, a NamedTuple. None: the parameters."""

    init: Callable[..., Any] | None = None
    """Step kernels: ``init(tick, constants)``, the state at a contract's first tick. None: a step
    that remembers nothing of its own."""

    step: Callable[..., Any] | None = None
    """Step kernels: ``step(state, tick, position, constants)``, the new state and the wanted
    position, an int within ``max_position``. Without ``init``: ``step(tick, position, constants)``,
    the wanted position alone."""

    features: tuple[tuple[str, Feature], ...] = ()
    """Step kernels: names of tick fields, after columns and clock, and what the host keeps in them.
    """

    gate: Gate | None = None
    """Step kernels: the condition for entering. None: the step alone decides."""

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

    ticks: TickKind = "price"
    """What makes a tick: ``price``, a row with a last price; or ``quote``, one with a bid and an
    ask, whose middle is then its price. With ``quote`` orders fill at quotes, never at ``last``."""

    max_position: int = 1
    """Bound of the wanted position, contracts, on both sides of zero."""

    switch: tuple[str, KernelSpec] | None = None
    """A bool parameter, and the kernel with the same parameters that runs in this one's place where
    it is true: a choice that costs nothing at each tick. None: there is none."""

    units: tuple[tuple[str, str], ...] = ()
    """Unit of each parameter, for ``kernels list NAME``."""

    bounds: tuple[tuple[str, float, float], ...] = ()
    """Inclusive bounds of parameters: name, lowest, highest."""

    flags: tuple[str, ...] = ()
    """Named LLVM fast-math flags that the author opts into; the kernel is then listed as not
    reproducible across CPUs. Never ``fast``."""

    def serving(self, params: Any) -> KernelSpec:
        """The kernel that runs with ``params``: this one, or that of its switch."""
        if self.switch is None or not getattr(params, self.switch[0]):
            return self
        return self.switch[1]
