"""Sweeps: a compiled kernel over many parameter sets at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.engine.cache.link import link
from tickloom.engine.columns.chunks import Chunks
from tickloom.engine.columns.quoted import quoted
from tickloom.engine.columns.values import plain_values
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.kernels.variant import Variant
from tickloom.engine.loading.code import LinkedCode, interprets
from tickloom.engine.loading.kernel import load_kernel
from tickloom.engine.loading.plans import Announce, load_entry, sweep_plan
from tickloom.engine.loading.results import ContractFacts
from tickloom.engine.loops.entry import ENTRY
from tickloom.engine.loops.many_sets.lanes import SWEEP_ARGUMENTS, SWEEP_NUMBERS
from tickloom.engine.loops.many_sets.sharing import SHARED_ARGUMENTS, SHARED_NUMBERS
from tickloom.engine.orders import CostTerms, FillModel
from tickloom.engine.sweeping.lanes import LanesPass
from tickloom.engine.sweeping.one_by_one import Repeated, SweepResults
from tickloom.engine.sweeping.shared import SharedPass
from tickloom.specs.kernel import KernelSpec


class CompiledSweep:
    """A kernel compiled to be run with many parameter sets. Threads may share it."""

    def __init__(
        self, kernel: Specialised, run: Callable[..., SweepResults], seconds: float
    ) -> None:
        self.spec = spec = kernel.spec
        """The registry entry."""
        self.variant = kernel.variant
        """What it is specialised for."""
        self.compile_seconds = seconds
        """How long compiling took, seconds; 0.0 when it came from the cache."""
        self.required_columns: tuple[str, ...] = kernel.columns
        """The columns that a call takes, in this order."""
        self.needs_facts: bool = bool(spec.clock)
        """Whether a call needs ``facts``."""
        self.reads_chunks: bool = False
        """Chunks are put together by a copy before a call."""
        self._run = run

    def __call__(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]] | Chunks,
        *,
        facts: ContractFacts | None = None,
        fill: FillModel | None = None,
        costs: CostTerms | None = None,
    ) -> SweepResults:
        """Run every record of ``params`` over whole contracts; each gets the very results of a run
        of its own. Arguments and errors are those of a call of
        :class:`~tickloom.engine.loading.kernel.CompiledKernel`."""
        if isinstance(columns, Chunks):
            columns = [chunk for (chunk,) in columns.columns]
        settings: dict[str, Any] = {"facts": facts, "fill": fill, "costs": costs}
        served = np.array([self.spec.serving(record) is self.spec for record in params], np.bool_)
        if served.all():
            return self._run(params, offsets, columns, **settings)
        results = SweepResults.zeros(len(params), len(offsets) - 1)
        runs = ((served, self._run), (~served, self._switched()))
        for places, run in runs:
            chosen = [record for record, here in zip(params, places, strict=True) if here]
            if chosen:
                found = run(chosen, offsets, columns, **settings)
                results.pnl[places], results.trades[places] = found.pnl, found.trades
                results.skipped[:] = found.skipped
        return results

    def _switched(self) -> CompiledSweep:
        """The sweep of the kernel's switch; compiled when it is first asked for."""
        assert self.spec.switch is not None
        return _loaded(self.spec.switch[1], self.variant)


def load_sweep(
    spec: KernelSpec,
    variant: Variant = Variant(),  # noqa: B008
    *,
    announce: Announce | None = None,
) -> CompiledSweep:
    """``spec`` compiled for sweeps: from the cache, or compiled and kept there.

    A step kernel with plain fills carries all sets in one pass over the rows. Where that cannot be
    (array and native kernels, other fills, costs, a state that holds more than numbers), the
    kernel is called once a set.
    """
    kernel = Specialised.of(spec, variant)
    if not (kernel.is_fused or interprets()):
        plain = load_sweep(spec, replace(variant, dtypes=()), announce=announce)
        return CompiledSweep(kernel, _Decoding(plain), plain.compile_seconds)
    alone = load_kernel(spec, variant, announce=announce)
    seconds = alone.compile_seconds
    if spec.kind == "step" and variant.plain and not (variant.checked or interprets()):
        entry, more = load_entry(sweep_plan(kernel), announce)
        if entry.image:
            code = link(entry.image, entry.needs, ENTRY)
            one_pass: Callable[..., SweepResults]
            if spec.init is None:
                shared = LinkedCode(code, SHARED_ARGUMENTS, SHARED_NUMBERS)
                one_pass = SharedPass(alone, shared)
            else:
                one_pass = LanesPass(alone, LinkedCode(code, SWEEP_ARGUMENTS, SWEEP_NUMBERS))
            if spec.ticks == "quote":
                one_pass = _Quoted(kernel.columns, one_pass)
            return CompiledSweep(kernel, one_pass, seconds + more)
    return CompiledSweep(kernel, Repeated(alone), seconds)


@lru_cache(maxsize=64)
def _loaded(spec: KernelSpec, variant: Variant) -> CompiledSweep:
    return load_sweep(spec, variant)


class _Quoted:
    """A sweep whose ticks are quotes."""

    def __init__(self, names: Sequence[str], run: Callable[..., SweepResults]) -> None:
        self._names = names
        self._run = run

    def __call__(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        **settings: Any,
    ) -> SweepResults:
        found = quoted(self._names, Chunks.whole(columns))
        return self._run(params, offsets, [chunk for (chunk,) in found.columns], **settings)


class _Decoding:
    """A sweep for columns in whatever types they are stored."""

    def __init__(self, plain: CompiledSweep) -> None:
        self._plain = plain

    def __call__(
        self,
        params: Sequence[Any],
        offsets: NDArray[np.int64],
        columns: Sequence[NDArray[Any]],
        **settings: Any,
    ) -> SweepResults:
        names = self._plain.required_columns
        plain = [plain_values(name, column) for name, column in zip(names, columns, strict=True)]
        return self._plain(params, offsets, plain, **settings)
