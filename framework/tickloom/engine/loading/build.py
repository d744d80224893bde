"""Building kernels ahead: everything that a run or sweep could ask of one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from tickloom.engine.cache.folder import REMEDY, cache_folder, require_writable
from tickloom.engine.compiling.c_source import is_whole, library_of
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.kernels.variant import BOOK_COLUMNS, LatencyKind, Variant
from tickloom.engine.loading.code import DISABLE_JIT, interprets
from tickloom.engine.loading.kernel import load_kernel
from tickloom.engine.loading.plans import (
    Announce,
    Plan,
    array_plan,
    load_entry,
    native_library,
    step_plan,
    sweep_plan,
    wanted_plan,
)
from tickloom.errors import PluginError, TickloomError, UsageError
from tickloom.host import get_host
from tickloom.host.answers import start
from tickloom.specs.kernel import KernelSpec


def forms() -> Iterator[Variant]:
    """The loops of a kernel over float64 and int64 columns: one plain, and one for each fill with
    and without latency."""
    yield Variant()
    kinds: tuple[LatencyKind, ...] = ("none", "time")
    for fill, latency in product(BOOK_COLUMNS, kinds):
        yield Variant(fill=fill, latency=latency, costs=True, stale=fill != "last")


def plans(spec: KernelSpec) -> list[Plan]:
    """Every cache entry of ``spec``; plain loops of step kernels also for the hot tier's types."""
    plain, *others = (Specialised.of(spec, variant) for variant in forms())
    if spec.kind != "step":
        found = [wanted_plan(kernel) for kernel in (plain, *others)]
        return [*found, array_plan(plain)] if spec.kind == "array" else found
    both = plain, plain.hot()
    found = [step_plan(kernel) for kernel in (*both, *others)]
    return found + [sweep_plan(kernel) for kernel in both]


def build_kernel(kernel: str | KernelSpec, announce: Announce | None = None) -> float:
    """Compile whatever of ``kernel`` is not in the cache: for every fill, with and without costs,
    log and latency, and for sweeps. Returns the seconds that it took. ``announce`` is told what is
    compiled. A script calls this below ``if __name__ == "__main__":``, since workers import it.

    The first loop is compiled here, so that a kernel that does not compile says so once; the
    others by a process for each CPU, since compiling holds the GIL. A kernel that is not
    registered by a plugin is compiled here altogether: no other process could find it.

    Raises :class:`~tickloom.errors.UsageError` with the author's line if it does not compile, and
    :class:`~tickloom.errors.TickloomError` if the cache cannot be written and something is missing.
    """
    if interprets():
        raise UsageError(
            f"kernels are interpreted while {DISABLE_JIT} is set, so nothing can be built; unset it"
        )
    started, folder = time.perf_counter(), cache_folder()
    spec = kernel if isinstance(kernel, KernelSpec) else get_host().kernels.get(kernel)
    every = plans(spec)
    missing = [number for number, plan in enumerate(every) if not plan.is_cached()]
    owners = {every[number].kernel for number in missing}
    for owner in sorted(owners if _has_library(spec) else owners | {spec.name}):
        require_writable(owner)
    compiled = native_library(spec, announce)[1] if spec.kind == "native" else 0.0
    for number in missing[:1]:
        compiled += _build_plan(spec, number, announce)
        _check_kept(spec, [every[number]], folder)
    name = next((o.qualified for o in get_host().kernels if o.spec == spec), None)
    workers = min(os.cpu_count() or 1, len(missing) - 1)
    if name is None or workers < 2:
        compiled += sum(_build_plan(spec, number, announce) for number in missing[1:])
    else:
        compiled += _build_side_by_side(name, missing[1:], workers, announce)
    _check_kept(spec, every, folder)
    load_kernel(spec)
    return time.perf_counter() - started if compiled else 0.0


def _check_kept(spec: KernelSpec, wanted: Sequence[Plan], folder: Path) -> None:
    """Raise :class:`TickloomError` unless all of ``wanted`` is in the cache ``folder``. What could
    not be written there was kept in a temporary one, which is the cache of this process by now."""
    moved = cache_folder() != folder
    lost = sum(moved or not plan.is_cached() for plan in wanted)
    if lost:
        raise TickloomError(
            f"{lost} of {len(wanted)} loops of kernel {spec.name!r} were compiled and could not be "
            f"kept in the kernel cache {folder}: is its disk full? {REMEDY}"
        )


def _build_plan(spec: KernelSpec, number: int, announce: Announce | None) -> float:
    return load_entry(plans(spec)[number], announce)[1]


def _build_side_by_side(
    name: str, numbers: list[int], workers: int, announce: Announce | None
) -> float:
    with start(get_host().executors.known("processes"), workers) as pool:
        compiled = 0.0
        for label, seconds in pool.map(_build_named, [name] * len(numbers), numbers):
            if announce and seconds:
                announce(f"compiled {label} in {seconds:.1f} s")
            compiled += seconds
    return compiled


def _build_named(name: str, number: int) -> tuple[str, float]:
    plan = plans(get_host().kernels.get(name))[number]
    return f"{plan.kernel} ({plan.label})", load_entry(plan)[1]


def built(spec: KernelSpec) -> tuple[int, int]:
    """How many of the cache entries of ``spec`` exist, and how many there are to build."""
    cached = [plan.is_cached() for plan in plans(spec)]
    if spec.source is not None:
        cached.append(_has_library(spec))
    return sum(cached), len(cached)


def _has_library(spec: KernelSpec) -> bool:
    """Whether nothing of ``spec`` is left for the C compiler to do."""
    if spec.source is None:
        return True
    try:
        return is_whole(library_of(spec).path)
    except PluginError:  # no compiler, or nothing that compiles: a build says which
        return False
