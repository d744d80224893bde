"""Loads machine code: its key, its cache entry, or a new compilation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tickloom.engine.cache.closure import close_over
from tickloom.engine.cache.entry import Entry, read_entry
from tickloom.engine.cache.folder import cached, entry_path
from tickloom.engine.cache.key import entry_key
from tickloom.engine.cache.link import Linked, link
from tickloom.engine.compiling.c_source import build_library
from tickloom.engine.kernels.columns import column_kind
from tickloom.engine.kernels.constants import ConstantsLayout
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.kernels.variant import Variant
from tickloom.engine.loops import stepless
from tickloom.engine.loops.entry import ENTRY
from tickloom.engine.loops.many_sets.lanes import make_lanes
from tickloom.engine.loops.many_sets.sharing import make_sharing
from tickloom.engine.loops.one_set import make_loop
from tickloom.engine.loops.shape import LoopShape
from tickloom.engine.loops.whole_step import (
    author_functions,
    constant_places,
    is_declared,
    make_whole_step,
    record_classes,
)
from tickloom.specs.kernel import KernelSpec

if TYPE_CHECKING:
    from tickloom.engine.compiling.machine_code import MachineCode

CHECKED = "every index is checked"
"""Part of the keys of what checks indices always."""

ACCOUNTING = "accounting"
"""Cache folder of the host's own loops over wanted positions."""

Announce = Callable[[str], None]
"""Told what is compiled, and how long it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One piece of machine code, as far as it is known without compiling."""

    kernel: str
    """Whose cache folder it is kept in."""

    label: str
    """Readable name of the variant, part of the file name."""

    key: str
    """Cache key, hexadecimal."""

    compile: Callable[[], MachineCode]
    """Makes the machine code."""

    @property
    def path(self) -> Path:
        """The cache entry's file."""
        return entry_path(self.kernel, self.label, self.key)

    def is_cached(self) -> bool:
        """Whether a whole entry exists."""
        return read_entry(self.path, self.key) is not None


def load_code(plan: Plan, announce: Announce | None = None) -> tuple[Linked, float]:
    """The linked code of ``plan`` and how long compiling took, seconds (0.0: it was cached)."""
    entry, seconds = load_entry(plan, announce)
    return link(entry.image, entry.needs, ENTRY), seconds


def load_entry(plan: Plan, announce: Announce | None = None) -> tuple[Entry, float]:
    """The entry of ``plan`` and how long compiling took, seconds (0.0: it was cached)."""

    def build() -> Entry:
        if announce:
            announce(f"compiling {plan.kernel} ({plan.label})")
        started = time.perf_counter()
        code = plan.compile()
        took = time.perf_counter() - started
        if announce:
            announce(f"compiled {plan.kernel} ({plan.label}) in {took:.1f} s")
        return Entry(plan.key, code.image, code.needs, took)

    entry, found = cached(plan.path, plan.key, build)
    return entry, 0.0 if found else entry.compile_seconds


def step_plan(kernel: Specialised) -> Plan:
    """The loop around the kernel's step."""
    spec, layout, shape = kernel.spec, kernel.layout, step_shape(kernel)
    closure = close_over(spec.name, _reached(spec, layout))

    def compile_() -> MachineCode:
        from tickloom.engine.compiling.run_loops import compile_step_loop

        return compile_step_loop(spec, shape, layout, closure)

    return Plan(
        kernel=spec.name,
        label=shape.variant.label + dtype_label(kernel.variant),
        key=entry_key(
            spec,
            (
                _loop_digest(make_loop),
                repr(shape),
                *_declared(spec),
                closure.digest,
                *spec.flags,
                CHECKED,
            ),
        ),
        compile=compile_,
    )


def sweep_plan(kernel: Specialised) -> Plan:
    """The loop that carries many parameter sets through the kernel's step: set by set through
    shared features where the step remembers nothing of its own, otherwise side by side in lanes."""
    spec, layout, shape = kernel.spec, kernel.layout, step_shape(kernel)
    closure = close_over(spec.name, _reached(spec, layout))
    shares = spec.init is None

    def compile_() -> MachineCode:
        from tickloom.engine.compiling.sweep_loops import compile_lanes_loop, compile_sharing_loop

        compile_loop = compile_sharing_loop if shares else compile_lanes_loop
        return compile_loop(spec, shape, layout, closure)

    made_of = _loop_digest(make_sharing if shares else make_lanes), repr(shape)
    return Plan(
        kernel=spec.name,
        label=_sweep_label(kernel.variant),
        key=entry_key(spec, (*made_of, *_declared(spec), closure.digest, *spec.flags)),
        compile=compile_,
    )


def _sweep_label(variant: Variant) -> str:
    return variant.label.replace("plain", "sweep") + dtype_label(variant)


def _reached(spec: KernelSpec, layout: ConstantsLayout) -> tuple[Callable[..., Any], ...]:
    """The author's functions and records that a step kernel's loops are made of."""
    records = record_classes(spec).values() if is_declared(spec) else ()
    return (*author_functions(spec).values(), layout.record, *records)


def _declared(spec: KernelSpec) -> tuple[str, ...]:
    """What is made of the functions of a step that declares something."""
    if not is_declared(spec):
        return ()
    features = tuple(name for name, _feature in spec.features)
    parts = (features, spec.gate is None, spec.init is None, constant_places(spec))
    return (_loop_digest(make_whole_step), repr(parts))


def step_shape(kernel: Specialised) -> LoopShape:
    """What the loop around the kernel's step depends on."""
    given = dict(zip(kernel.columns, kernel.dtypes, strict=True))
    columns = kernel.loop_columns
    return LoopShape(
        columns=columns,
        dtypes=tuple(given.get(name, column_kind(name)) for name in columns),
        tick=kernel.spec.columns + kernel.spec.clock,
        constants=kernel.layout.kinds,
        one=kernel.spec.max_position == 1,
        variant=replace(kernel.variant.form, dtypes=()),
    )


def dtype_label(variant: Variant) -> str:
    """The stored types as part of a file name: one letter a column, empty for plain ones."""
    letters = "".join(np.dtype(name).char for name in variant.dtypes)
    return f"-{letters}" if letters else ""


def wanted_shape(kernel: Specialised) -> LoopShape:
    """What the host's loop over wanted positions depends on."""
    columns = kernel.loop_columns
    return LoopShape(
        columns=columns,
        dtypes=tuple("int32" if name == "wanted" else column_kind(name) for name in columns),
        tick=("wanted",),
        constants=(),
        one=kernel.spec.max_position == 1,
        variant=replace(kernel.variant.form, dtypes=()),
    )


def wanted_plan(kernel: Specialised) -> Plan:
    """The host's loop over wanted positions; kernels with the same variant share it."""
    shape = wanted_shape(kernel)

    def compile_() -> MachineCode:
        from tickloom.engine.compiling.run_loops import compile_wanted_loop

        return compile_wanted_loop(shape)

    return Plan(
        kernel=ACCOUNTING,
        label=f"{shape.variant.label}-{'one' if shape.one else 'sized'}",
        key=entry_key(
            None,
            (_loop_digest(make_loop, *stepless.FUNCTIONS), repr(shape)),
        ),
        compile=compile_,
    )


def array_plan(kernel: Specialised) -> Plan:
    """The C entry point of an author's own loop."""
    spec, layout = kernel.spec, kernel.layout
    assert spec.loop is not None
    given = (spec.columns + spec.clock, layout.kinds)
    closure = close_over(spec.name, (spec.loop, layout.record))

    def compile_() -> MachineCode:
        from tickloom.engine.compiling.array_loop import compile_array_loop

        return compile_array_loop(spec, layout, closure)

    return Plan(
        kernel=spec.name,
        label="loop",
        key=entry_key(spec, (repr(given), closure.digest, *spec.flags, CHECKED)),
        compile=compile_,
    )


def native_library(spec: KernelSpec, announce: Announce | None = None) -> tuple[Path, float]:
    """The shared library of a native kernel and how long compiling took, seconds."""
    if spec.library is not None:
        return spec.library, 0.0
    return build_library(spec, announce)


@cache
def _loop_digest(*functions: Callable[..., Any]) -> str:
    """Of the host's own part of a loop: its factory and all that this refers to."""
    return close_over(ACCOUNTING, functions).digest
