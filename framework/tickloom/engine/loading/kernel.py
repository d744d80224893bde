"""Compiled kernels: loaded from the host's cache, or compiled into it, and called on slices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.columns.quoted import quoted
from tickloom.engine.columns.values import plain_values
from tickloom.engine.kernels.constants import Exactly, prepare_constants
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.kernels.variant import Variant
from tickloom.engine.loading.author_loop import WantedRunner, load_author_loop
from tickloom.engine.loading.checks import check_facts, check_slice
from tickloom.engine.loading.code import LinkedCode, interprets
from tickloom.engine.loading.failure import KernelFailedError
from tickloom.engine.loading.interpreted import interpreted_loop, interpreted_runner
from tickloom.engine.loading.loop import Loop, Settings
from tickloom.engine.loading.plans import (
    Announce,
    load_code,
    step_plan,
    wanted_plan,
)
from tickloom.engine.loading.replay import explained
from tickloom.engine.loading.results import TRADE_DTYPE, ContractFacts, ContractResults
from tickloom.engine.loops.entry import RUN_ARGUMENTS, RUN_NUMBERS
from tickloom.engine.orders import CostTerms, FillModel
from tickloom.specs.kernel import KernelSpec

__all__ = [
    "TRADE_DTYPE",
    "CompiledKernel",
    "ContractFacts",
    "ContractResults",
    "CostTerms",
    "FillModel",
    "Variant",
    "load_kernel",
]

Runner = Callable[[NDArray[np.int64], Chunks, Settings], ContractResults]

_PREPARED = 4096
"""Parameter sets whose constants a kernel remembers."""


class CompiledKernel:
    """A kernel, compiled for one variant. Threads may share it; calls hold no GIL."""

    def __init__(self, kernel: Specialised, run: Runner, compile_seconds: float) -> None:
        self.kernel = kernel
        """What was known of it before."""
        self.spec = spec = kernel.spec
        """The registry entry."""
        self.variant = kernel.variant
        """What the loop is specialised for."""
        self.compile_seconds = compile_seconds
        """How long compiling took, seconds; 0.0 when it came from the cache."""
        self.required_columns: tuple[str, ...] = kernel.columns
        """The columns that a call takes, in this order."""
        self.needs_facts: bool = bool(spec.clock)
        """Whether a call needs ``facts``."""
        self.reads_chunks: bool = spec.kind == "step"
        """Whether chunks are read where they are; others are put together by a copy."""
        self._run = run
        self._constants = lru_cache(_PREPARED)(
            lambda key: kernel.layout.pack(prepare_constants(spec, key.params))
        )

    def __call__(
        self,
        params: Any,
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]] | Chunks,
        *,
        facts: ContractFacts | None = None,
        fill: FillModel | None = None,
        costs: CostTerms | None = None,
    ) -> ContractResults:
        """Run over whole contracts.

        ``offsets`` is of shape (contracts + 1,): contract c owns rows ``offsets[c]`` up to
        ``offsets[c + 1]`` of every column (rows outside are not read). Columns are C-contiguous,
        read-only allowed, with the dtypes of the variant, in one piece or in chunks. ``fill`` and
        ``costs`` give the values of what the variant was compiled for.

        Raises ValueError for arrays of another shape or dtype, and
        :class:`~tickloom.errors.PluginError` if the kernel wants more than its ``max_position``
        or raises.
        """
        if self.spec.serving(params) is not self.spec:
            return self._switched()(params, offsets, columns, facts=facts, fill=fill, costs=costs)
        columns = columns if isinstance(columns, Chunks) else Chunks.whole(columns)
        check_slice(offsets, columns, self.required_columns, self.kernel.dtypes)
        check_facts(facts, len(offsets) - 1, self.needs_facts)
        fill = fill or FillModel(mode=self.variant.fill)
        self._check_values(fill, costs)
        settings = Settings(
            constants=self._constants(Exactly.of(params)),
            bound=self.spec.max_position,
            fill=fill,
            costs=costs,
            facts=facts,
        )
        if self.spec.ticks == "quote":
            columns = quoted(self.required_columns, columns)
        try:
            return self._run(offsets, columns, settings)
        except KernelFailedError as failure:
            if not failure.raised:
                raise
            first, end = offsets[failure.contract : failure.contract + 2].tolist()
            found = dict(zip(self.required_columns, columns.span(first, end), strict=True))
            raise explained(failure, self.spec, params, found, first, facts) from None

    def _switched(self) -> CompiledKernel:
        """The kernel of the switch; compiled when it is first asked for."""
        assert self.spec.switch is not None
        return _loaded(self.spec.switch[1], self.variant)

    def together(self) -> CompiledKernel:
        """For tests: an author's own loop called once for all contracts of a slice, where a kernel
        that looks at its neighbours gives something else; a step kernel is itself."""
        if not isinstance(self._run, WantedRunner):
            return self
        return CompiledKernel(self.kernel, self._run.together(), 0.0)

    def _check_values(self, fill: FillModel, costs: CostTerms | None) -> None:
        asked = Variant.of(fill, costs=costs is not None)
        for name in ("fill", "latency", "stale", "costs"):
            if getattr(asked, name) != getattr(self.variant, name):
                raise ValueError(
                    f"compiled with {name}={getattr(self.variant, name)!r}, called with "
                    f"{getattr(asked, name)!r}"
                )


def load_kernel(
    spec: KernelSpec,
    variant: Variant = Variant(),  # noqa: B008
    *,
    announce: Announce | None = None,
) -> CompiledKernel:
    """``spec`` compiled for ``variant``: from the cache, or compiled and kept there.

    ``announce`` is told before and after something is compiled. Raises
    :class:`~tickloom.errors.UsageError` with the author's line for a kernel that does not compile.
    While ``NUMBA_DISABLE_JIT`` is set nothing is compiled: the interpreter runs the same loops.
    """
    if interprets():
        return interpreted_kernel(spec, variant)
    kernel = Specialised.of(spec, variant)
    if not kernel.is_fused:
        plain = load_kernel(spec, replace(variant, dtypes=()), announce=announce)
        decoded = plain._run
        if spec.ticks == "price":
            decoded = _decoding(kernel.columns, decoded)
        return CompiledKernel(kernel, decoded, plain.compile_seconds)
    plan = step_plan(kernel) if spec.kind == "step" else wanted_plan(kernel)
    linked, seconds = load_code(plan, announce)
    loop = Loop(kernel, LinkedCode(linked, RUN_ARGUMENTS, RUN_NUMBERS))
    if spec.kind == "step":
        return CompiledKernel(kernel, loop, seconds)
    author, more = load_author_loop(kernel, announce)
    return CompiledKernel(kernel, WantedRunner(kernel, author, loop), seconds + more)


@lru_cache(maxsize=64)
def _loaded(spec: KernelSpec, variant: Variant) -> CompiledKernel:
    return load_kernel(spec, variant)


def interpreted_kernel(
    spec: KernelSpec,
    variant: Variant = Variant(),  # noqa: B008
) -> CompiledKernel:
    """``spec`` for ``variant``, run by the interpreter: the same results, slowly, from loops in
    which a debugger stops. Raises :class:`~tickloom.errors.PluginError` with the line where an
    author's function raises."""
    kernel = Specialised.of(spec, variant)
    read = kernel.stored_as(()) if spec.ticks == "quote" else kernel
    run = interpreted_loop(read) if spec.kind == "step" else interpreted_runner(read)
    return CompiledKernel(kernel, run, 0.0)


def _decoding(names: Sequence[str], run: Runner) -> Runner:
    """``run``, for columns in whatever types they are stored."""

    def decode_and_run(
        offsets: NDArray[np.int64], columns: Chunks, settings: Settings
    ) -> ContractResults:
        plain = (
            tuple(plain_values(name, chunk, number) for number, chunk in enumerate(chunks))
            for name, chunks in zip(names, columns.columns, strict=True)
        )
        return run(offsets, Chunks(columns.edges, tuple(plain)), settings)

    return decode_and_run
