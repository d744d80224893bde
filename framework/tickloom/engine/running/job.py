"""What a walk does to every slice, whichever loop is inside: the job, and what it gives back."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Generic, Protocol, TypeVar

import numpy as np

from tickloom.engine.columns.hot_file import HotFile
from tickloom.engine.columns.scan import Block, Scan
from tickloom.engine.columns.slices import Slice
from tickloom.engine.kernels.specialised import Specialised
from tickloom.engine.kernels.variant import Variant
from tickloom.engine.loading.failure import KernelFailedError
from tickloom.engine.loading.plans import Announce
from tickloom.engine.loading.results import ContractFacts
from tickloom.engine.orders import CostModel, CostTerms, FillModel
from tickloom.engine.running.memory import peak_rss
from tickloom.errors import UsageError
from tickloom.specs import KernelSpec

TIME: Final = "timestamp_ns"
"""The column that gives a trade log its times."""


class Compiled(Protocol):
    """A kernel, compiled for one variant. Threads may share it."""

    compile_seconds: float
    """How long compiling took, seconds; 0.0 when it came from the cache."""

    needs_facts: bool
    """Whether a call needs ``facts``."""

    reads_chunks: bool
    """Whether chunks are read where they are; others are put together by a copy."""

    @property
    def __call__(self) -> Any:
        """``compiled(params, offsets, columns, *, facts, fill, costs)``: what became of whole
        contracts."""


class Gathered(Protocol):
    """What is gathered over one slice. It can be pickled."""

    def add(self, block: Block, span: slice, found: Any) -> None:
        """Add what a call found in ``block``, which holds the contracts ``span`` of the slice."""


G = TypeVar("G", bound=Gathered)
G_co = TypeVar("G_co", bound=Gathered, covariant=True)

Kernels = Mapping[Variant, Compiled]
"""A kernel, compiled for every variant that the slices need."""


class InnerLoop(Protocol[G_co]):
    """One kind of loop inside the walk. It can be pickled and is equal to others of its kind."""

    def load(
        self, spec: KernelSpec, variant: Variant, *, announce: Announce | None = None
    ) -> Compiled:
        """The kernel for it, from the cache or compiled and kept there."""

    def __hash__(self) -> int: ...

    def gather(self, job: Job[Any], part: Slice) -> G_co:
        """Something empty that gathers what the loop finds in ``part``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[G]):
    """What is done to every slice. It can be pickled where the kernel's functions can."""

    inner: InnerLoop[G]
    """The loop inside."""

    kernel: Specialised
    """The kernel, for slices that come straight from their partition."""

    params: Any
    """Its parameter record; in a sweep, a sequence of them."""

    fill: FillModel
    """How orders are filled."""

    costs: CostModel | None
    """What a fill pays; None without costs."""

    @property
    def spec(self) -> KernelSpec:
        """The kernel's registry entry."""
        return self.kernel.spec

    @property
    def variant(self) -> Variant:
        """What the loop is specialised for where slices come straight from their partition."""
        return self.kernel.variant

    @property
    def columns(self) -> tuple[str, ...]:
        """What the kernel takes."""
        return self.kernel.columns

    @property
    def names(self) -> tuple[str, ...]:
        """The columns to read: the kernel's, and the time for a trade log."""
        extra = self.variant.logged and TIME not in self.columns
        return (*self.columns, TIME) if extra else self.columns

    @property
    def cost_model(self) -> str:
        """The costs as results tell them."""
        return "none" if self.costs is None else str(self.costs)

    def variant_for(self, hot: HotFile | None) -> Variant:
        """The variant for the column types of a slice."""
        if hot is None:
            return self.variant
        return replace(self.variant, dtypes=tuple(hot.types[name] for name in self.columns))

    def terms(self, part: Slice, span: slice) -> CostTerms | None:
        """What fills of the contracts ``span`` of ``part`` pay; None without costs."""
        if self.costs is None:
            return None
        return self.costs.terms(part.key.underlying, part.key.date, part.expiries[span])

    def check_picklable(self) -> None:
        """Raise :class:`UsageError` if it cannot be sent to another process."""
        try:
            pickle.dumps(self)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise UsageError(
                f"kernel {self.spec.name!r} cannot be sent to worker processes ({error}); define "
                "its functions and parameters at the top of a module, or use --executor threads"
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceResult(Generic[G]):
    """What became of one slice. It can be pickled."""

    part: Slice
    """The slice."""

    found: G
    """What its loop found."""

    rows_read: int
    """Rows taken from the file."""

    all_null: str
    """A column that holds nothing but nulls in the whole partition; empty: there is none."""

    process: int
    """The process that did it."""

    peak_rss: int
    """The most memory that process has used, bytes; 0 where it is the one that collects, which
    looks once, at the end."""


def run_slice(job: Job[G], part: Slice, kernels: Kernels | None = None) -> SliceResult[G]:
    """Run over one slice; without ``kernels`` (in another process) one is loaded from the
    cache."""
    variant = job.variant_for(part.hot)
    compiled = kernels[variant] if kernels else _loaded(job.inner, job.spec, variant)
    found = job.inner.gather(job, part)
    scan = Scan(part, job.names, in_chunks=compiled.reads_chunks)
    for block in scan:
        span = slice(block.low, block.low + len(block.offsets) - 1)
        try:
            results = compiled(
                job.params,
                block.offsets,
                block.chunks.first(len(job.columns)),
                facts=_facts(part, span) if compiled.needs_facts else None,
                fill=job.fill,
                costs=job.terms(part, span),
            )
        except KernelFailedError as failure:
            contract = part.contract(block.low + failure.contract)
            raise failure.placed(f"{part.key} {contract}", block.first_row) from failure
        found.add(block, span, results)
    return SliceResult(
        part=part,
        found=found,
        rows_read=scan.rows_read,
        all_null=scan.all_null(but="price" if job.spec.ticks == "quote" else ""),
        process=os.getpid(),
        peak_rss=0 if kernels else peak_rss(),
    )


@lru_cache(maxsize=8)
def _loaded(inner: InnerLoop[Any], spec: KernelSpec, variant: Variant) -> Compiled:
    return inner.load(spec, variant)


def _facts(part: Slice, span: slice) -> ContractFacts:
    """What clock fields need to know of the contracts ``span`` of a slice."""
    return ContractFacts(
        expiry_day=part.expiries[span],
        strike=part.strikes[span],
        is_call=part.calls[span].astype(np.int64),
    )
